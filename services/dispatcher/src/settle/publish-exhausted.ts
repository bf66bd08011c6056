import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import type { DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import { deliveryId, type EventAddress } from "@ringback/contracts/events/event";
import {
  exhaustedEvent,
  exhaustedOperation,
  invalidOperation,
  invalidTold,
  type ExhaustedEvent,
  type ExhaustedOperation,
  type InvalidOperation,
} from "@ringback/contracts/deliveries/operation";
import { operationSubject } from "@ringback/contracts/streams/operation-subjects";
import { eventSubject, STREAMS } from "@ringback/contracts/streams/subjects";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import type { Nats } from "@ringback/runtime/nats/connection";
import { isStreamFull } from "@ringback/runtime/nats/errors";
import { publishOnce, type Publication } from "@ringback/runtime/nats/publish";
import { hasMessage } from "./stored-before.ts";
import type { DispatcherMetrics } from "../metrics.ts";

export type TellDeps = {
  readonly nats: Nats;
  readonly find: (address: EventAddress) => Promise<unknown>;
  readonly metrics: Pick<DispatcherMetrics, "operations">;
  readonly log: Logger;
};

/** What is to be told of a delivery that was given up. */
export type ExhaustedNews = {
  readonly operation: ExhaustedOperation | InvalidOperation;
  /** What the workspace is told where it subscribed to that. */
  readonly event: ExhaustedEvent | undefined;
  readonly deliveryId: string;
};

export const exhaustedNews = (record: AttemptRecord, id: string): ExhaustedNews => {
  const operation = exhaustedOperation(record, id);
  return { operation, event: exhaustedEvent(operation), deliveryId: id };
};

/** The same of an event that was given up before an attempt; undefined where nobody can tell whose it is. */
export const invalidNews = (letter: DeadLetter): ExhaustedNews | undefined => {
  if (letter.reason !== "invalid_event") return undefined;
  const operation = invalidOperation(letter);
  if (operation === undefined) return undefined;
  return { operation, event: invalidTold(operation), deliveryId: deliveryId(letter.event_seq) };
};

/**
 * Tells on OPERATIONS that a delivery was given up, and by an event of its own the workspace that
 * subscribed to that, with ids that are the same when it is told again: whoever tells a second time adds
 * nothing. Tried once: throws where that does not work.
 */
export const tellOnce = async (
  { operation, event, deliveryId: id }: ExhaustedNews,
  deps: TellDeps,
): Promise<void> => {
  const { kind, workspace_id, event_id } = operation;
  await publishOnce(deps.nats, {
    stream: STREAMS.operations,
    subject: operationSubject(workspace_id, kind),
    body: JSON.stringify(operation),
    messageId: `${event_id}:${id}:${kind}`,
  });
  if (event !== undefined && (await deps.find(event.address)) !== undefined) {
    await publishEvent(event, `${event_id}:${id}:exhausted`, deps);
  }
  deps.metrics.operations.inc({ kind });
};

const publishEvent = async (
  { address, body }: ExhaustedEvent,
  messageId: string,
  { nats, log }: TellDeps,
): Promise<void> => {
  const subject = eventSubject(address);
  if (await hasMessage(nats, STREAMS.events, subject, messageId)) return;
  const publication: Publication = {
    stream: STREAMS.events,
    subject,
    body: JSON.stringify(body),
    messageId,
  };
  try {
    await publishOnce(nats, publication);
  } catch (error) {
    if (!isStreamFull(error)) throw error;
    // A full stream is full for hours.
    log.error({ ...address, err: error }, "workspace.not_told");
  }
};
