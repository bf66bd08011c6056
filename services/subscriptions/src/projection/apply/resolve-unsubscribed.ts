import { deliveryId } from "@ringback/contracts/events/event";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import { pause } from "@ringback/runtime/process/backoff";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import type { Nats } from "@ringback/runtime/nats/connection";
import { MAX_LAST } from "@ringback/runtime/streams/read-batch";
import { isUnavailable } from "../../streams/ask.ts";
import { acknowledgedUpTo, withoutPendingRetry } from "../../streams/pending-deliveries.ts";
import { streamState } from "../../streams/read-stream.ts";
import type { SerialExecutor, Transaction } from "../file/serial-executor.ts";
import type { ProjectedStream } from "../projection.ts";
import type { UnresolvedEvents } from "./unresolved-events.ts";

export type ResolveOptions = {
  readonly nats: Nats;
  readonly unresolved: UnresolvedEvents;
  readonly serially: SerialExecutor;
  readonly transaction: Transaction;
  readonly appliedUpTo: (stream: ProjectedStream) => number;
  readonly isCaughtUp: () => boolean;
  readonly now: () => number;
  readonly log: Logger;
  readonly stopping: AbortSignal;
};

/** Events of one page: one slice changes their rows. */
export const PAGE_EVENTS = MAX_LAST / 4;

const ROUND_EVERY_MS = 1_000;

/** A stored message is applied within milliseconds; otherwise the next round tries again. */
const APPLIED_WITHIN_MS = 5_000;
const CHECK_APPLIED_EVERY_MS = 10;

/**
 * Marks events that nobody had subscribed to, until it is stopped. The dispatcher leaves no trace of them: its
 * consumer has acknowledged them, no retry is pending, and they have neither a record nor a dead letter among
 * all that was stored until after that read.
 */
export const resolveUnsubscribed = async (options: ResolveOptions): Promise<void> => {
  const { nats, isCaughtUp, log, stopping } = options;
  let upTo = 0;
  while (!stopping.aborted) {
    try {
      // Acknowledged a round ago: by now each replica has what was stored before that.
      const acknowledged = await acknowledgedUpTo(nats);
      if (isCaughtUp()) await goRound(upTo, options);
      upTo = acknowledged;
    } catch (error) {
      if (stopping.aborted) return;
      const level = isUnavailable(error) ? "debug" : "warn";
      log[level]({ err: error }, "projection.settling_interrupted");
    }
    await pause(ROUND_EVERY_MS, stopping);
  }
};

const goRound = async (upTo: number, options: ResolveOptions): Promise<void> => {
  const { nats, unresolved, serially, transaction, now, stopping } = options;
  let after = 0;
  while (after < upTo && !stopping.aborted) {
    const { events, readUpTo } = await serially(() => unresolved.read({ after, upTo }, now()));
    after = readUpTo;
    if (events.length === 0) continue;
    const deliveries = events.map((event) => ({
      address: event,
      deliveryId: deliveryId(event.seq),
    }));
    const quiet = await withoutPendingRetry(deliveries, nats);
    if (!(await appliedAllStored(options))) return;
    const unsubscribed = new Set(quiet.map(({ address }) => address.seq));
    await serially(() => transaction(() => unresolved.checked(events, unsubscribed, now())));
  }
};

/** Waits until all records and dead letters are applied that are stored by now; false: it takes too long. */
const appliedAllStored = async ({
  nats,
  appliedUpTo,
  stopping,
}: ResolveOptions): Promise<boolean> => {
  const [attempts, deadLetters] = await Promise.all([
    streamState(nats, STREAMS.attempts),
    streamState(nats, STREAMS.deadLetters),
  ]);
  const deadline = performance.now() + APPLIED_WITHIN_MS;
  while (
    appliedUpTo("attempts") < attempts.last_seq ||
    appliedUpTo("dead_letters") < deadLetters.last_seq
  ) {
    if (stopping.aborted || performance.now() > deadline) return false;
    await pause(CHECK_APPLIED_EVERY_MS, stopping);
  }
  return true;
};
