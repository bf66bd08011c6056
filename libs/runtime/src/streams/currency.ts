import type { StreamName } from "@ringback/contracts/streams/subjects";
import { pause } from "../process/backoff.ts";
import { elapsedMs } from "../process/elapsed.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Nats } from "../nats/connection.ts";
import { noHelpWatch } from "../process/no-help.ts";
import { hasQuorum } from "../nats/quorum.ts";

/** How often the stream is asked how far it is. */
const LOOK_EVERY_MS = 1_000;
/** What was not shown to be complete for this long may be behind. */
const CURRENT_FOR_MS = 2_000;
/** Without an answer for this long the stream cannot be asked. */
const ANSWERED_FOR_MS = 3_000;
/** What the stream had when it was asked, and is not here after this, does not come by itself. */
const BEHIND_FOR_MS = 1_000;

/** What is known of how complete a copy of a stream is. */
export type Currency = {
  /** How long ago the copy was last known to be complete, in ms. */
  readonly ageMs: () => number;
  readonly isCurrent: () => boolean;
  /** Why the stream can neither be asked nor written: no answer, or no quorum. */
  readonly unavailable: () => string | undefined;
  /** To be told whenever more has been applied. */
  readonly reached: () => void;
};

export type CurrencyOptions = {
  readonly nats: Pick<Nats, "problem" | "leave"> & { readonly jsm: Pick<Nats["jsm"], "streams"> };
  readonly stream: StreamName;
  readonly appliedUpTo: () => number;
  /** The copy is behind, and nothing comes. */
  readonly onBehind: (lastSeq: number) => void;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Counts sleep, too: what was complete before it is old after it. */
  readonly elapsed?: () => number;
};

/**
 * Asks the stream's leader every second how far it is: only that shows that a copy of it which is
 * followed live lacks nothing. A leader without a quorum proves nothing. Where the stream is unavailable
 * for long, another server is tried: this one may be cut off with the minority.
 */
export const followCurrency = (options: CurrencyOptions): Currency => {
  const { nats, stream, appliedUpTo, onBehind, log, signal } = options;
  const elapsed = options.elapsed ?? elapsedMs;
  let completeAtMs = -Infinity;
  let answeredAtMs = performance.now(); // while the machine sleeps nobody is silent
  let isQuorum = true;
  /** How far the stream was at which question. */
  let goal: { readonly seq: number; readonly askedAtMs: number } | undefined;

  const reached = (): void => {
    if (goal === undefined || appliedUpTo() < goal.seq) return;
    completeAtMs = Math.max(completeAtMs, goal.askedAtMs);
    goal = undefined;
  };
  const ask = async (): Promise<void> => {
    const askedAtMs = elapsed();
    try {
      const { state, cluster } = await nats.jsm.streams.info(stream);
      answeredAtMs = performance.now();
      isQuorum = hasQuorum(cluster);
      if (!isQuorum) return;
      if (goal !== undefined && askedAtMs - goal.askedAtMs > BEHIND_FOR_MS)
        onBehind(state.last_seq);
      if (goal === undefined || appliedUpTo() >= state.last_seq) {
        goal = { seq: state.last_seq, askedAtMs };
      }
      reached();
    } catch (error) {
      log.debug({ err: error, stream }, "currency.not_seen");
    }
  };
  const unavailable = (): string | undefined => {
    if (!isQuorum) return `${stream} has no quorum`;
    const silentMs = performance.now() - answeredAtMs;
    return silentMs > ANSWERED_FOR_MS ? `${stream} does not answer` : undefined;
  };
  const look = async (): Promise<void> => {
    const isToLeave = noHelpWatch();
    while (!signal.aborted) {
      const isAsked = nats.problem() === undefined; // who does not answer at all is left sooner
      if (isAsked) void ask();
      const why = isAsked ? unavailable() : undefined;
      if (isToLeave(why === undefined, performance.now())) nats.leave(why ?? "");
      await pause(LOOK_EVERY_MS, signal);
    }
  };
  void look();
  const ageMs = (): number => elapsed() - completeAtMs;
  return {
    ageMs,
    isCurrent: () => ageMs() <= CURRENT_FOR_MS,
    unavailable,
    reached,
  };
};
