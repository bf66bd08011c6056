import type { CallAttempt, CallEvent } from "./call-events.ts";

/** Something on a lane: at a time, or from a time to another. */
export type Mark =
  | { readonly kind: "published"; readonly fromMs: number; readonly event: CallEvent }
  | {
      readonly kind: "attempt";
      readonly fromMs: number;
      readonly toMs: number;
      readonly event: CallEvent;
      readonly attempt: CallAttempt;
    }
  /** From the end of an attempt to the start of the next one. */
  | { readonly kind: "wait"; readonly fromMs: number; readonly toMs: number }
  /** A retry that is still to come. */
  | { readonly kind: "due"; readonly fromMs: number; readonly event: CallEvent }
  | { readonly kind: "given-up"; readonly fromMs: number; readonly event: CallEvent };

/** Called with the attempt that somebody wants to see. */
export type OpenAttempt = (mark: Extract<Mark, { kind: "attempt" }>) => void;

/** One event on its way to one destination. */
export type Lane = {
  readonly key: string;
  readonly event: CallEvent;
  /** `uid` or id of an endpoint, or the URL of the agent's subscription; null before it is known. */
  readonly destination: string | null;
  readonly status: CallEvent["status"];
  readonly marks: readonly Mark[];
};

export type TimeLine = {
  readonly lanes: readonly Lane[];
  readonly fromMs: number;
  readonly toMs: number;
};

/** A call's events, oldest first, each with a lane for every destination. Null: there are none. */
export const timeLineOf = (events: readonly CallEvent[], nowMs: number): TimeLine | null => {
  const oldestFirst = events.toSorted((a, b) => Date.parse(a.stored_at) - Date.parse(b.stored_at));
  const lanes = oldestFirst.flatMap(lanesOf);
  const times = lanes.flatMap(({ marks }) => marks.flatMap(timesOf));
  if (times.length === 0) return null;
  const fromMs = Math.min(...times);
  const latest = Math.max(...times);
  const isOpen = events.some(({ status }) => status === "pending" || status === "retrying");
  // What is still under way is seen against the time now.
  const toMs = isOpen ? Math.max(latest, nowMs) : latest;
  return { lanes, fromMs, toMs: Math.max(toMs, fromMs + 1) };
};

const timesOf = (mark: Mark): number[] =>
  "toMs" in mark ? [mark.fromMs, mark.toMs] : [mark.fromMs];

const lanesOf = (event: CallEvent): Lane[] => {
  const published: Mark = { kind: "published", fromMs: Date.parse(event.stored_at), event };
  if (event.deliveries.length === 0) {
    const { event_id: key, status } = event;
    return [{ key, event, destination: null, status, marks: [published] }];
  }
  return event.deliveries.map((delivery) => {
    const ours = event.attempts.filter(
      ({ endpoint_id: endpointId = null }) => endpointId === delivery.endpoint_id,
    );
    const attempts = attemptMarks(event, ours);
    const marks = [published, ...withWaits(attempts), ...endOf(event, delivery, attempts)];
    return {
      key: `${event.event_id} ${delivery.endpoint_id ?? ""}`,
      event,
      destination: delivery.uid ?? delivery.endpoint_id ?? delivery.destination,
      status: delivery.status,
      marks,
    };
  });
};

type AttemptMark = Extract<Mark, { kind: "attempt" }>;

const attemptMarks = (event: CallEvent, attempts: readonly CallAttempt[]): AttemptMark[] =>
  attempts
    .map((attempt) => {
      const fromMs = Date.parse(attempt.at);
      return {
        kind: "attempt",
        fromMs,
        toMs: fromMs + attempt.duration_ms,
        event,
        attempt,
      } as const;
    })
    .toSorted((a, b) => a.fromMs - b.fromMs);

/** Puts a wait between two attempts of one delivery; a redelivery waits for nothing that came before. */
const withWaits = (attempts: readonly AttemptMark[]): Mark[] =>
  attempts.flatMap((mark, at): Mark[] => {
    const before = attempts[at - 1];
    const isRetry = before?.attempt.delivery_id === mark.attempt.delivery_id;
    if (before === undefined || !isRetry || mark.fromMs <= before.toMs) return [mark];
    return [{ kind: "wait", fromMs: before.toMs, toMs: mark.fromMs }, mark];
  });

/** What comes after the last attempt: a retry that waits, or that the delivery was given up. */
const endOf = (
  event: CallEvent,
  { status, next_attempt_at: nextAt }: CallEvent["deliveries"][number],
  attempts: readonly AttemptMark[],
): Mark[] => {
  const last = attempts.at(-1);
  const lastMs = last?.toMs ?? Date.parse(event.stored_at);
  if (nextAt !== null) {
    const dueMs = Date.parse(nextAt);
    const wait: Mark[] = dueMs > lastMs ? [{ kind: "wait", fromMs: lastMs, toMs: dueMs }] : [];
    return [...wait, { kind: "due", fromMs: dueMs, event }];
  }
  if (status !== "dead_lettered") return [];
  const atMs = event.dead_letter === null ? lastMs : Date.parse(event.dead_letter.at);
  return [{ kind: "given-up", fromMs: Math.max(atMs, lastMs), event }];
};

/** The part of a time line that is in sight. */
export type View = { readonly fromMs: number; readonly toMs: number };

const SHORTEST_VIEW_MS = 20;

/** A view nearer to (`factor` below 1) or farther from the middle, within the whole. */
export const zoomed = (view: View, whole: View, factor: number): View => {
  const middle = (view.fromMs + view.toMs) / 2;
  const half = Math.max(SHORTEST_VIEW_MS, (view.toMs - view.fromMs) * factor) / 2;
  return within({ fromMs: middle - half, toMs: middle + half }, whole);
};

/** A view moved by a share of its length, within the whole. */
export const moved = (view: View, whole: View, share: number): View => {
  const by = (view.toMs - view.fromMs) * share;
  return within({ fromMs: view.fromMs + by, toMs: view.toMs + by }, whole);
};

const within = (view: View, whole: View): View => {
  const length = Math.min(view.toMs - view.fromMs, whole.toMs - whole.fromMs);
  const fromMs = Math.min(Math.max(view.fromMs, whole.fromMs), whole.toMs - length);
  return { fromMs, toMs: fromMs + length };
};

/** Where a time is in a view, in percent of its width; below 0 or above 100 out of sight. */
export const percentAt = (ms: number, { fromMs, toMs }: View): number =>
  ((ms - fromMs) / (toMs - fromMs)) * 100;

const STEPS_MS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000,
  300_000, 600_000, 1_800_000, 3_600_000, 7_200_000, 21_600_000, 86_400_000, 172_800_000,
  604_800_000,
];

/** Even steps from the start of the whole, at most `most` in sight, as ms from that start. */
export const ticksOf = (view: View, startMs: number, most: number): number[] => {
  const length = view.toMs - view.fromMs;
  const step = STEPS_MS.find((one) => length / one <= most) ?? length;
  const first = Math.ceil((view.fromMs - startMs) / step) * step;
  const count = Math.floor((view.toMs - startMs - first) / step) + 1;
  return Array.from({ length: Math.max(0, count) }, (_, at) => first + at * step);
};
