import type { DatabaseSync } from "node:sqlite";
import type { JsMsg } from "@nats-io/jetstream";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import { attemptApplier } from "./apply-attempt.ts";
import { deadLetterApplier } from "./apply-dead-letter.ts";
import { eventApplier } from "./apply-event.ts";
import { eventProgress } from "./event-progress.ts";
import type { Ids } from "../file/ids.ts";
import { isOfDatabase } from "../file/index-file.ts";
import type { Positions } from "../file/positions.ts";
import type { AppliedAttempt, AppliedEvent, ProjectedStream } from "../projection.ts";
import { streamMessage, type StreamMessage } from "./stream-message.ts";
import type { Transaction } from "../file/transaction.ts";
import { SLICE_MS, type Turns } from "../file/serial-executor.ts";

export type ApplyDeps = {
  readonly db: DatabaseSync;
  readonly ids: Ids;
  readonly positions: Positions;
  readonly transaction: Transaction;
  readonly inTurn: Turns;
  readonly eventsCreatedMs: number;
  readonly log: Logger;
};

/** Applies messages of a stream, a slice of them in each turn; `applied` gets what was made of them. */
export type ApplyMessages<T> = (
  messages: readonly JsMsg[],
  reached: (seq: number) => void,
  applied: (one: T) => void,
) => Promise<void>;

export type Appliers = {
  readonly events: ApplyMessages<AppliedEvent>;
  readonly attempts: ApplyMessages<AppliedAttempt>;
  readonly dead_letters: ApplyMessages<undefined>;
};

export const appliers = (deps: ApplyDeps): Appliers => {
  const { db, ids, eventsCreatedMs, log } = deps;
  const progress = eventProgress(db, ids);
  const common = { db, ids, progress, eventsCreatedMs };
  const unreadable = (stream: ProjectedStream) => (seq: number) =>
    log.error({ stream, seq }, "projection.unreadable_message");
  return {
    events: inSlices("events", eventApplier(db, ids), deps),
    attempts: inSlices(
      "attempts",
      attemptApplier({ ...common, onUnreadable: unreadable("attempts") }),
      deps,
    ),
    dead_letters: inSlices(
      "dead_letters",
      deadLetterApplier({ ...common, onUnreadable: unreadable("dead_letters") }),
      deps,
    ),
  };
};

type ApplyOne<T> = (message: StreamMessage) => T | undefined;

const inSlices = <T>(
  stream: ProjectedStream,
  applyOne: ApplyOne<T>,
  deps: ApplyDeps,
): ApplyMessages<T> => {
  const { positions, transaction, inTurn } = deps;
  const applyOrSkip = skippingMistakes(stream, applyOne, deps.log);
  return async (messages, reached, applied) => {
    for (let from = 0; from < messages.length;) {
      const slice = await inTurn(() =>
        transaction(() => {
          const endMs = performance.now() + SLICE_MS;
          const made: T[] = [];
          let next = from;
          do {
            const one = applyOrSkip(streamMessage(messages[next] as JsMsg));
            if (one !== undefined) made.push(one);
            next += 1;
          } while (next < messages.length && performance.now() < endMs);
          const seq = (messages[next - 1] as JsMsg).seq;
          positions.set(stream, seq);
          return { made, next, seq };
        }),
      );
      from = slice.next;
      reached(slice.seq);
      for (const one of slice.made) applied(one);
    }
  };
};

/** A message on which our own code fails would otherwise hold up all that come after it. */
const skippingMistakes =
  <T>(stream: ProjectedStream, applyOne: ApplyOne<T>, log: Logger): ApplyOne<T> =>
  (message) => {
    try {
      return applyOne(message);
    } catch (error) {
      if (isOfDatabase(error)) throw error;
      log.error({ err: error, stream, seq: message.seq }, "projection.message_skipped");
      return undefined;
    }
  };
