import type { EventAddress } from "@ringback/contracts/events/event";
import type { AttemptRecord, Trigger } from "@ringback/contracts/deliveries/attempt";
import { deliveryIds } from "@ringback/contracts/deliveries/delivery-id";
import type { RetryMessage } from "@ringback/contracts/deliveries/retry-message";
import type { HeldBody } from "./held-body.ts";

/** What of a delivery schedules it again for the same attempt. */
export type DeferrableDelivery = Omit<RetryMessage, "dueMs">;

/** One event for one subscription, and the attempt that has to be made now. */
export type Delivery = DeferrableDelivery & {
  readonly eventId: string;
  /** When the event was stored, in ms since 1970 by this machine's clock. */
  readonly storedAtMs: number;
  /** The event as it was published, byte for byte. */
  readonly body: HeldBody;
  readonly trigger: Trigger;
  /** Of an endpoint: the customer's own id. */
  readonly uid?: string | undefined;
  /** It goes on without its turn in the order of its call: it has waited as long as it may. */
  readonly isOutOfOrder?: boolean;
  /** Its destination keeps the order of a call's events: how long it waits says nothing of the platform. */
  readonly isOrdered?: boolean;
  /** When the attempt was due, in ms since 1970; undefined for one that comes straight from EVENTS. */
  readonly dueMs: number | undefined;
};

/** Whether this is the event's first attempt, straight from EVENTS. */
export const comesFromEvents = ({ attempt, dueMs }: Delivery): boolean =>
  attempt === 1 && dueMs === undefined;

/** What of a delivery gives its position in the retry schedule. */
export const schedulePositionOf = ({ attempt, extraAttempts, trigger }: Delivery) => ({
  attempt,
  extraAttempts,
  trigger,
});

/** The message that schedules an attempt of a delivery for `dueMs`. */
export const retryMessageFor = (
  delivery: Pick<
    Delivery,
    "address" | "eventSeq" | "deliveryId" | "redeliveryId" | "extraAttempts"
  >,
  attempt: number,
  dueMs: number,
  deferrals = 0,
): RetryMessage => {
  const { address, eventSeq, deliveryId, redeliveryId, extraAttempts } = delivery;
  const ids = { address, eventSeq, deliveryId, redeliveryId };
  return { ...ids, attempt, extraAttempts, dueMs, deferrals };
};

/** Whose event a record is about. */
export const addressOf = (record: AttemptRecord): EventAddress => ({
  workspaceId: record.workspace_id,
  callId: record.call_id,
  agentId: record.agent_id,
  eventType: record.event_type,
});

/** Whose event it is, as log lines and records name it. */
export const addressIds = ({ workspaceId, callId, agentId, eventType }: EventAddress) => ({
  event_type: eventType,
  call_id: callId,
  agent_id: agentId,
  workspace_id: workspaceId,
});

/** The ids that every log line, record and dead letter of a delivery has. */
export const idsOf = ({
  address,
  eventId,
  eventSeq,
  uid,
  ...delivery
}: Pick<Delivery, "address" | "eventId" | "eventSeq" | "deliveryId" | "redeliveryId" | "uid">) => ({
  event_id: eventId,
  event_seq: eventSeq,
  ...addressIds(address),
  ...deliveryIds({ eventSeq, ...delivery }),
  ...(uid === undefined ? {} : { uid }),
});
