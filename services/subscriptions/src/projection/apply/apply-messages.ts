import type { JsMsg } from "@nats-io/jetstream";
import { idsInSubject } from "@ringback/contracts/streams/subject-ids";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import { isOfDatabase } from "../file/index-file.ts";
import { eachStream, type Positions } from "../file/positions.ts";
import { SLICE_MS, type SerialExecutor, type Transaction } from "../file/serial-executor.ts";
import type { ProjectedStream } from "../projection.ts";
import { streamMessage, type Applier, type ApplierDeps } from "./applier.ts";
import { streamAppliers } from "./appliers.ts";

export type ApplyDeps = ApplierDeps & {
  readonly positions: Positions;
  readonly transaction: Transaction;
  readonly serially: SerialExecutor;
  readonly log: Logger;
};

/** Applies messages of a stream in slices; `reached` gets the last sequence of each slice. */
export type ApplyMessages = (
  messages: readonly JsMsg[],
  reached: (seq: number) => void,
) => Promise<void>;

export const messageAppliers = (
  deps: ApplyDeps,
): Readonly<Record<ProjectedStream, ApplyMessages>> => {
  const appliers = streamAppliers(deps);
  return eachStream((stream) => inSlices(stream, appliers[stream], deps));
};

const inSlices = (stream: ProjectedStream, apply: Applier, deps: ApplyDeps): ApplyMessages => {
  const { positions, transaction, serially, log } = deps;
  const slice = (messages: readonly JsMsg[], from: number): number => {
    const endMs = performance.now() + SLICE_MS;
    let next = from;
    do {
      applyOrSkip(messages[next] as JsMsg, stream, apply, log);
      next += 1;
    } while (next < messages.length && performance.now() < endMs);
    positions.set(stream, (messages[next - 1] as JsMsg).seq);
    return next;
  };
  return async (messages, reached) => {
    for (let from = 0; from < messages.length;) {
      from = await serially(() => transaction(() => slice(messages, from)));
      reached((messages[from - 1] as JsMsg).seq);
    }
  };
};

/** Skips a message on which our own code fails: it would hold up all that come after it. */
const applyOrSkip = (
  message: JsMsg,
  stream: ProjectedStream,
  apply: Applier,
  log: Logger,
): void => {
  const { subject, seq } = message;
  try {
    if (apply(streamMessage(message)) === "unreadable") {
      log.error({ ...idsInSubject(subject), stream, seq }, "projection.unreadable_message");
    }
  } catch (error) {
    if (isOfDatabase(error)) throw error;
    log.error({ err: error, ...idsInSubject(subject), stream, seq }, "projection.message_skipped");
  }
};
