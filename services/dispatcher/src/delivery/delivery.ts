import type { EventAddress } from "@ringback/contracts/events/event";
import type { AttemptRecord, Trigger } from "@ringback/contracts/deliveries/attempt";
import { redeliveryIds } from "@ringback/contracts/deliveries/redelivery-id";
import type { RetryMessage } from "@ringback/contracts/deliveries/retry-message";
import type { HeldBody } from "./held-body.ts";
import type { TraceContext } from "@ringback/contracts/trace-context";

/** One event owed to one subscription, and the attempt that is to be made now. */
export type Delivery = {
  readonly address: EventAddress;
  readonly eventSeq: number;
  readonly eventId: string;
  readonly deliveryId: string;
  /** The redelivery job that it is part of. */
  readonly redeliveryId?: string | undefined;
  /** When the event was stored, in ms since 1970 by this machine's clock. */
  readonly storedAtMs: number;
  /** The event as it was published, byte for byte. */
  readonly body: HeldBody;
  readonly attempt: number;
  /** How many of its attempts, up to this one, take no place in the schedule. */
  readonly extraAttempts?: number | undefined;
  readonly trigger: Trigger;
  /** When the attempt was due, in ms since 1970; undefined for one that comes straight from EVENTS. */
  readonly dueMs: number | undefined;
  readonly deferrals: number;
  /** When this attempt first met an unexpected error of our own, in ms since 1970. */
  readonly heldSinceMs?: number | undefined;
  /** Where its first trace began, for one that comes back and is traced. */
  readonly trace?: TraceContext | undefined;
};

/** The message that brings a delivery back at `dueMs` for an attempt. */
export const comeBack = (
  delivery: Pick<
    Delivery,
    "address" | "eventSeq" | "deliveryId" | "redeliveryId" | "extraAttempts"
  >,
  attempt: number,
  dueMs: number,
  deferrals = 0,
): RetryMessage => {
  const { address, eventSeq, deliveryId, redeliveryId, extraAttempts } = delivery;
  const ofJob = redeliveryId === undefined ? {} : { redeliveryId };
  const extra = extraAttempts === undefined ? {} : { extraAttempts };
  return { address, eventSeq, deliveryId, ...ofJob, attempt, ...extra, dueMs, deferrals };
};

/** Whose event a record is about. */
export const addressOf = (record: AttemptRecord): EventAddress => ({
  workspaceId: record.workspace_id,
  callId: record.call_id,
  agentId: record.agent_id,
  eventType: record.event_type,
});

/** The ids that every log line and record of a delivery carries. */
export const idsOf = (delivery: Omit<Delivery, "body">) => ({
  ...idsOfEvent(delivery),
  ...redeliveryIds(delivery),
});

const idsOfEvent = ({ address, eventId, eventSeq }: Omit<Delivery, "body">) => ({
  event_id: eventId,
  event_seq: eventSeq,
  event_type: address.eventType,
  call_id: address.callId,
  agent_id: address.agentId,
  workspace_id: address.workspaceId,
});
