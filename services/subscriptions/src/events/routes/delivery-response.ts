import { DELIVERY_STATUSES } from "@ringback/contracts/deliveries/event-status";
import { z } from "zod";
import type { DestinationState } from "../event-state.ts";

/** An event at one destination in a response: the same in an event and in the list of deliveries. */
export const deliveryResponseSchema = z.object({
  delivery_id: z.string().meta({
    description: "Of its last delivery there: a redelivery has an id of its own.",
  }),
  endpoint_id: z.string().nullable().meta({ description: "null: the agent's subscription." }),
  uid: z.string().optional().meta({ description: "Your own id of the endpoint." }),
  status: z.enum(DELIVERY_STATUSES),
  attempts: z.int().meta({ description: "How many, of all deliveries to this destination." }),
  last_attempt_at: z.string().nullable(),
  last_status_code: z.int().nullable().meta({
    description: "What the last attempt got; null: no response, or there was no attempt.",
  }),
  destination: z.string().nullable().meta({
    description: "Where it was last sent: the URL without its query; null: nothing was sent.",
  }),
  next_attempt_at: z.string().nullable().meta({
    description: "When the next attempt is due; null: none is.",
  }),
});

export type DeliveryResponse = z.infer<typeof deliveryResponseSchema>;

/** Presents a destination of an event. */
export const deliveryResponse = (state: DestinationState): DeliveryResponse => {
  const { deliveryId, endpointId, uid, status, attempts, nextAttemptAtMs } = state;
  if (status === "no_subscription") throw new Error(`delivery ${deliveryId} is to nobody`);
  const last = state.lastAttempt?.record;
  const outcome = last?.outcome;
  const sent = attempts.find(({ record }) => record.request !== undefined);
  return {
    delivery_id: deliveryId,
    endpoint_id: endpointId ?? null,
    ...(uid === undefined ? {} : { uid }),
    status,
    attempts: attempts.length,
    last_attempt_at: last?.at ?? null,
    last_status_code:
      outcome === undefined || outcome.kind === "cancelled" ? null : (outcome.status_code ?? null),
    destination: sent?.record.request?.url ?? null,
    next_attempt_at: nextAttemptAtMs === undefined ? null : new Date(nextAttemptAtMs).toISOString(),
  };
};
