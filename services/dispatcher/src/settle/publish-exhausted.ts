import { deliveryId, type EventAddress } from "@ringback/contracts/events/event";
import {
  exhaustedEvent,
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
import { isNew, publishOnce } from "@ringback/runtime/nats/publish";
import { hasMessage } from "./stored-before.ts";
import type { DispatcherMetrics } from "../metrics.ts";

export type PublishDeps = {
  readonly nats: Nats;
  /** Whether anybody wants an event with this address. */
  readonly isWanted: (address: EventAddress) => Promise<boolean>;
  readonly metrics: Pick<DispatcherMetrics, "operations">;
  readonly log: Logger;
};

/** That a delivery was dead-lettered. */
export type Notice = ExhaustedOperation | InvalidOperation;

/**
 * Publishes a notice on OPERATIONS, and as an event of its own where the workspace subscribed to that.
 * Idempotent, as its ids stay the same. Tried once: throws where that fails.
 */
export const publishNotice = async (notice: Notice, deps: PublishDeps): Promise<void> => {
  const { kind, workspace_id, event_id } = notice;
  const [id, event] =
    kind === "delivery.exhausted"
      ? [notice.delivery_id, exhaustedEvent(notice)]
      : [deliveryId(notice.event_seq), invalidEventNotice(notice)];
  const published = await publishOnce(deps.nats, {
    stream: STREAMS.operations,
    subject: operationSubject(workspace_id, kind),
    body: JSON.stringify(notice),
    messageId: `${event_id}:${id}:${kind}`,
  });
  if (event !== undefined && (await deps.isWanted(event.address))) {
    await publishEvent(event, notice, `${event_id}:${id}:exhausted`, deps);
  }
  if (isNew(published)) deps.metrics.operations.inc({ kind });
};

/** What lines about a notice say of the delivery that it is about. */
export const noticeIds = (notice: Notice) => {
  const { event_id, event_seq, event_type, call_id, agent_id, workspace_id } = notice;
  const ids = { event_id, event_seq, event_type, call_id, agent_id, workspace_id };
  if (notice.kind === "event.invalid") return ids;
  const { delivery_id, endpoint_id, uid } = notice;
  return { ...ids, delivery_id, endpoint_id, uid };
};

const publishEvent = async (
  { address, body }: ExhaustedEvent,
  notice: Notice,
  messageId: string,
  { nats, log }: PublishDeps,
): Promise<void> => {
  const subject = eventSubject(address);
  const stream = STREAMS.events;
  if (await hasMessage(nats, stream, subject, messageId)) return;
  try {
    await publishOnce(nats, { stream, subject, body: JSON.stringify(body), messageId });
  } catch (error) {
    if (!isStreamFull(error)) throw error;
    // A full stream stays full for hours: other notices do not wait for it.
    log.error({ ...noticeIds(notice), err: error }, "workspace.not_told");
  }
};
