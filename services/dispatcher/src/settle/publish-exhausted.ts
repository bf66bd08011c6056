import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import type { DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import { deliveryId, type EventAddress } from "@ringback/contracts/events/event";
import {
  exhaustedEvent,
  exhaustedOperation,
  invalidOperation,
  invalidEventNotice,
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

export type PublishDeps = {
  readonly nats: Nats;
  readonly find: (address: EventAddress) => Promise<unknown>;
  readonly metrics: Pick<DispatcherMetrics, "operations">;
  readonly log: Logger;
};

/** That a delivery was dead-lettered. */
export type Notice = {
  readonly operation: ExhaustedOperation | InvalidOperation;
  /** For a workspace that subscribed to such events. */
  readonly event: ExhaustedEvent | undefined;
  readonly deliveryId: string;
};

export const exhaustedNotice = (record: AttemptRecord, id: string): Notice => {
  const operation = exhaustedOperation(record, id);
  return { operation, event: exhaustedEvent(operation), deliveryId: id };
};

/** For an event that could not be parsed; undefined where its workspace is unknown. */
export const invalidNotice = (deadLetter: DeadLetter): Notice | undefined => {
  if (deadLetter.reason !== "invalid_event") return undefined;
  const operation = invalidOperation(deadLetter);
  if (operation === undefined) return undefined;
  return {
    operation,
    event: invalidEventNotice(operation),
    deliveryId: deliveryId(deadLetter.event_seq),
  };
};

/**
 * Publishes a notice on OPERATIONS, and as an event of its own where the workspace subscribed to that.
 * Idempotent, as its ids stay the same. Tried once: throws where that fails.
 */
export const publishNotice = async (
  { operation, event, deliveryId: id }: Notice,
  deps: PublishDeps,
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
  { nats, log }: PublishDeps,
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
