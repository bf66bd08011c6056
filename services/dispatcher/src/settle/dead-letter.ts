import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import type { DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import { isFirstDelivery } from "@ringback/contracts/deliveries/redelivery-id";
import type { RetryMessage } from "@ringback/contracts/deliveries/retry-message";

/** The dead letter of a delivery whose last attempt this was. */
export const exhausted = (record: AttemptRecord): DeadLetter => {
  const { event_id, event_seq, event_type, call_id, agent_id, workspace_id, attempt } = record;
  const { delivery_id, redelivery_id } = record;
  return {
    reason: "exhausted",
    ...(delivery_id === undefined ? {} : { delivery_id }),
    ...(redelivery_id === undefined ? {} : { redelivery_id }),
    event_id,
    event_seq,
    event_type,
    call_id,
    agent_id,
    workspace_id,
    at: new Date(Date.parse(record.at) + record.duration_ms).toISOString(),
    message: `given up after ${attempt} attempt${attempt === 1 ? "" : "s"}`,
    last_attempt: record,
  };
};

/** Tells a delivery's dead letter from those of the event's other deliveries. */
export const deadLetterKey = (
  { deliveryId, eventSeq }: Pick<RetryMessage, "deliveryId" | "eventSeq">,
  attempt: number,
): string => (isFirstDelivery(deliveryId, eventSeq) ? String(attempt) : `${deliveryId}:${attempt}`);
