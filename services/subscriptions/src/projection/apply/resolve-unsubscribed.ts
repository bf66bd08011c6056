import { STREAMS } from "@ringback/contracts/streams/subjects";
import { pause } from "@ringback/runtime/process/backoff";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import { isUnavailable } from "../../streams/ask.ts";
import type { Nats } from "@ringback/runtime/nats/connection";
import { MAX_LAST } from "@ringback/runtime/streams/read-batch";
import { nothingToCome } from "../../streams/nothing-to-come.ts";
import { acknowledgedUpTo } from "../../streams/pending-deliveries.ts";
import { streamState } from "../../streams/read-stream.ts";
import type { ProjectedStream } from "../projection.ts";
import type { Transaction } from "../file/transaction.ts";
import type { Turns } from "../file/serial-executor.ts";
import type { UndecidedEvents } from "./unresolved-events.ts";

export type SettleEventsOptions = {
  readonly nats: Nats;
  readonly undecided: UndecidedEvents;
  readonly inTurn: Turns;
  readonly transaction: Transaction;
  readonly appliedUpTo: (stream: ProjectedStream) => number;
  readonly isCaughtUp: () => boolean;
  readonly now: () => number;
  readonly log: Logger;
};

/** How many events are looked at together: their rows are changed in one turn. */
export const AT_ONCE = MAX_LAST / 4;

const ROUND_EVERY_MS = 1_000;

/** What is stored is applied within milliseconds; otherwise the round is left to the next one. */
const APPLIED_WITHIN_MS = 5_000;
const LOOK_EVERY_MS = 10;

/**
 * Finds events that the dispatcher is done with and that left no trace, as nobody had subscribed to
 * them: they are behind what its consumer has acknowledged, RETRIES knows nothing of them, and neither a
 * record nor a dead letter that was stored until after that look is theirs.
 */
export const settleEvents = (
  options: SettleEventsOptions,
): { readonly stop: () => Promise<void> } => {
  const stopping = new AbortController();
  const ended = keepSettling(options, stopping.signal);
  return {
    stop: async () => {
      stopping.abort();
      await ended;
    },
  };
};

const keepSettling = async (options: SettleEventsOptions, stopping: AbortSignal): Promise<void> => {
  let upTo = 0;
  while (!stopping.aborted) {
    try {
      // Acknowledged a round ago: by now each replica has what was stored before that.
      const acknowledged = await acknowledgedUpTo(options.nats);
      if (options.isCaughtUp()) await goRound(upTo, options, stopping);
      upTo = acknowledged;
    } catch (error) {
      if (stopping.aborted) return;
      const level = isUnavailable(error) ? "debug" : "warn";
      options.log[level]({ err: error }, "projection.settling_interrupted");
    }
    await pause(ROUND_EVERY_MS, stopping);
  }
};

const goRound = async (
  upTo: number,
  options: SettleEventsOptions,
  stopping: AbortSignal,
): Promise<void> => {
  const { nats, undecided, inTurn, transaction, now } = options;
  let after = 0;
  while (after < upTo && !stopping.aborted) {
    const { events, readUpTo } = await inTurn(() => undecided.read({ after, upTo }, now()));
    after = readUpTo;
    if (events.length === 0) continue;
    const quiet = await nothingToCome(events, nats);
    if (!(await appliedAllStored(options, stopping))) return;
    const settled = new Set(quiet.map(({ seq }) => seq));
    const others = events.map(({ seq }) => seq).filter((seq) => !settled.has(seq));
    await inTurn(() =>
      transaction(() => {
        undecided.settle([...settled]);
        undecided.putOff(others, now());
      }),
    );
  }
};

/** Waits until all records and dead letters are applied that are stored by now. */
const appliedAllStored = async (
  { nats, appliedUpTo }: SettleEventsOptions,
  stopping: AbortSignal,
): Promise<boolean> => {
  const [attempts, letters] = await Promise.all([
    streamState(nats, STREAMS.attempts),
    streamState(nats, STREAMS.deadLetters),
  ]);
  const deadline = performance.now() + APPLIED_WITHIN_MS;
  while (
    appliedUpTo("attempts") < attempts.last_seq ||
    appliedUpTo("dead_letters") < letters.last_seq
  ) {
    if (stopping.aborted || performance.now() > deadline) return false;
    await pause(LOOK_EVERY_MS, stopping);
  }
  return true;
};
