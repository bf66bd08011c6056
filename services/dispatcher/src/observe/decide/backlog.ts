/** Beyond this an event that has not been attempted is late: the platform's own objective (docs/monitoring.md). */
export const LATE_AFTER_MS = 5_000;

/** The last sequence of EVENTS at some time of a monotonic clock. */
export type Sample = { readonly atMs: number; readonly lastSeq: number };

/** What waits on EVENTS and no dispatcher has taken. */
export type Backlog = {
  readonly waiting: number;
  /** Those of them that are late. */
  readonly late: number;
  /** When the oldest was stored, in ms since 1970 by NATS's clock; undefined: nothing waits. */
  readonly oldestAtMs: number | undefined;
};

type BacklogInput = {
  readonly waiting: number;
  /** The sequence of the last event that was handed out. */
  readonly takenUpTo: number;
  readonly oldestAtMs: number | undefined;
  readonly samples: readonly Sample[];
  readonly atMs: number;
};

/** Adds a sample; of those that are old enough to say what is late only the newest stays. */
export const withSample = (samples: readonly Sample[], newest: Sample): readonly Sample[] => {
  const isOld = ({ atMs }: Sample): boolean => newest.atMs - atMs >= LATE_AFTER_MS;
  const old = samples.findLast(isOld);
  const young = samples.filter((sample) => !isOld(sample));
  return [...(old === undefined ? [] : [old]), ...young, newest];
};

/** An event up to the last sequence of a time ago is at least as old: so no event has to be read to count the late. */
export const backlogOf = ({
  waiting,
  takenUpTo,
  oldestAtMs,
  samples,
  atMs,
}: BacklogInput): Backlog => {
  const old = samples.findLast((sample) => atMs - sample.atMs >= LATE_AFTER_MS);
  const late = Math.min(waiting, Math.max(0, (old?.lastSeq ?? 0) - takenUpTo));
  return { waiting, late, oldestAtMs };
};
