import type { EventAddress } from "@ringback/contracts/event";
import {
  exhaustedEvent,
  exhaustedOperation,
  type ExhaustedEvent,
} from "@ringback/contracts/operation";
import { operationSubject } from "@ringback/contracts/operation-subjects";
import { eventSubject, STREAMS } from "@ringback/contracts/subjects";
import type { Logger } from "@ringback/runtime/logger";
import type { Nats } from "@ringback/runtime/nats";
import { isStreamFull } from "@ringback/runtime/nats-errors";
import { publishOnce, publishUntilStored, type Publication } from "@ringback/runtime/publish";
import { hasMessage } from "../has-message.ts";
import type { DispatcherMetrics } from "../metrics.ts";
import type { TellExhausted } from "../settle.ts";

export type TellDeps = {
  readonly nats: Nats;
  readonly find: (address: EventAddress) => Promise<unknown>;
  readonly metrics: Pick<DispatcherMetrics, "operations">;
  readonly log: Logger;
  /** Ends the waiting for a server that does not answer. */
  readonly signal: AbortSignal;
};

/**
 * Tells on OPERATIONS that a delivery was given up, and by an event of its own the workspace that
 * subscribed to that. Both come after the dead letter and before the acknowledgement, with ids that are
 * the same when it is told again: whoever tells a second time adds nothing.
 */
export const exhaustedTeller = (deps: TellDeps): TellExhausted => {
  const { nats, find, metrics, log, signal } = deps;
  return async (record, deliveryId) => {
    const operation = exhaustedOperation(record, deliveryId);
    const { kind, workspace_id, event_id } = operation;
    const publication = {
      stream: STREAMS.operations,
      subject: operationSubject(workspace_id, kind),
      body: JSON.stringify(operation),
      messageId: `${event_id}:${deliveryId}:${kind}`,
    };
    await publishUntilStored(nats, publication, log, signal);
    metrics.operations.inc({ kind });
    const event = exhaustedEvent(operation);
    if (event === undefined || (await find(event.address)) === undefined) return;
    await publishEvent(event, `${event_id}:${deliveryId}:exhausted`, deps);
  };
};

const publishEvent = async (
  { address, body }: ExhaustedEvent,
  messageId: string,
  { nats, log, signal }: TellDeps,
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
    // A full stream is full for hours, and what waits for it would keep deliveries from being made.
    if (isStreamFull(error)) return log.error({ ...address, err: error }, "workspace.not_told");
    await publishUntilStored(nats, publication, log, signal);
  }
};
