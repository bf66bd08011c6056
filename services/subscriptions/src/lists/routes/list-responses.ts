import { EVENT_STATUSES } from "@ringback/contracts/deliveries/event-status";
import { eventTypeSchema } from "@ringback/contracts/events/event-types";
import { z } from "zod";
import { attemptResponse, attemptResponseSchema } from "../../events/routes/attempt-response.ts";
import {
  deadLetterResponse,
  deadLetterResponseSchema,
} from "../../events/routes/dead-letter-response.ts";
import { deliveryResponseSchema } from "../../events/routes/delivery-response.ts";
import {
  ATTEMPTS_EXAMPLES,
  DEAD_LETTERS_EXAMPLES,
  DELIVERIES_EXAMPLES,
  EVENTS_EXAMPLES,
} from "./list-examples.ts";
import type { Viewer } from "../../events/hidden-payloads.ts";
import type { StoredAttempt } from "../../streams/records.ts";
import type { DeliveryRow, EventRow } from "../../projection/projection.ts";
import type { DeadLetter } from "@ringback/contracts/deliveries/dead-letter";

export const page = {
  next_cursor: z.string().nullable().meta({ description: "null: there is nothing more." }),
  projection_lag: z.int().meta({
    description: "Messages that are stored and not in the index yet; 0 when the list is current.",
  }),
};

/** An event in a list: all but its payload. */
export const eventRowSchema = z.object({
  event_id: z.string(),
  event_type: eventTypeSchema,
  call_id: z.string(),
  agent_id: z.string(),
  stored_at: z.string(),
  size_bytes: z.int().meta({ description: "Of its payload." }),
  trigger: z.enum(["event", "test"]).meta({ description: "`test`: a person tried the endpoint." }),
  status: z.enum(EVENT_STATUSES).meta({ description: "The worst of its deliveries'." }),
  attempt_count: z.int().meta({ description: "Of all deliveries of the event together." }),
  last_attempt_at: z.string().nullable(),
  last_status_code: z.int().nullable().meta({
    description: "What the last attempt got; null: no response, or there was no attempt.",
  }),
  destination: z.string().nullable().meta({
    description:
      "Where it was last sent: the callback URL without its query; null: nothing was sent.",
  }),
  next_attempt_at: z.string().nullable().meta({
    description: "While a delivery is `retrying`; the first of several.",
  }),
});

export const eventsResponseSchema = z
  .object({ events: z.array(eventRowSchema), ...page })
  .meta({ "x-examples": EVENTS_EXAMPLES });

/** A delivery in a list: an event at one destination. */
export const deliveryRowSchema = z.object({
  event_id: z.string(),
  event_type: eventTypeSchema,
  call_id: z.string(),
  agent_id: z.string(),
  stored_at: z.string().meta({ description: "When its event was." }),
  trigger: eventRowSchema.shape.trigger,
  ...deliveryResponseSchema.shape,
});

export const deliveriesResponseSchema = z
  .object({ deliveries: z.array(deliveryRowSchema), ...page })
  .meta({ "x-examples": DELIVERIES_EXAMPLES });

const attemptRowSchema = attemptResponseSchema.extend({
  event_id: z.string(),
  event_type: eventTypeSchema,
  call_id: z.string(),
  agent_id: z.string(),
});

export const attemptsResponseSchema = z
  .object({ attempts: z.array(attemptRowSchema), ...page })
  .meta({ "x-examples": ATTEMPTS_EXAMPLES });

/** `GET /dead-letters/{event_id}` has the raw message. */
const deadLetterRowSchema = deadLetterResponseSchema.omit({
  raw: true,
  raw_truncated: true,
  raw_hidden: true,
});

export const deadLettersResponseSchema = z
  .object({ dead_letters: z.array(deadLetterRowSchema), ...page })
  .meta({ "x-examples": DEAD_LETTERS_EXAMPLES });

const timeOf = (ms: number): string => new Date(ms).toISOString();

const timeOrNull = (ms: number | undefined): string | null =>
  ms === undefined ? null : timeOf(ms);

/** An event of a list for a caller. */
export const eventRowResponse = (
  row: EventRow,
  eventId: (seq: number) => string,
): z.infer<typeof eventRowSchema> => ({
  event_id: eventId(row.seq),
  event_type: row.address.eventType,
  call_id: row.address.callId,
  agent_id: row.address.agentId,
  stored_at: timeOf(row.storedAtMs),
  size_bytes: row.sizeBytes,
  trigger: row.isTest ? "test" : "event",
  status: row.status,
  attempt_count: row.attempts,
  last_attempt_at: timeOrNull(row.lastAttemptAtMs),
  last_status_code: row.lastStatusCode ?? null,
  destination: row.destination ?? null,
  next_attempt_at: timeOrNull(row.nextAttemptAtMs),
});

/** A delivery of a list for a caller. */
export const deliveryRowResponse = (
  row: DeliveryRow,
  eventId: (seq: number) => string,
): z.infer<typeof deliveryRowSchema> => {
  const { event, status, uid } = row;
  if (status === "no_subscription") throw new Error(`delivery ${row.deliveryId} is to nobody`);
  return {
    event_id: eventId(event.seq),
    event_type: event.address.eventType,
    call_id: event.address.callId,
    agent_id: event.address.agentId,
    stored_at: timeOf(event.storedAtMs),
    trigger: event.isTest ? "test" : "event",
    delivery_id: row.deliveryId,
    endpoint_id: row.endpointId ?? null,
    ...(uid === undefined ? {} : { uid }),
    status,
    attempts: row.attempts,
    last_attempt_at: timeOrNull(row.lastAttemptAtMs),
    last_status_code: row.lastStatusCode ?? null,
    destination: row.destination ?? null,
    next_attempt_at: timeOrNull(row.nextAttemptAtMs),
  };
};

export const attemptRowResponse = (
  attempt: StoredAttempt,
  viewer: Viewer,
): z.infer<typeof attemptRowSchema> => {
  const { event_id, event_type, call_id, agent_id } = attempt.record;
  return { event_id, event_type, call_id, agent_id, ...attemptResponse(attempt, viewer) };
};

export const deadLetterRowResponse = (
  deadLetter: DeadLetter,
  viewer: Viewer,
): z.infer<typeof deadLetterRowSchema> =>
  deadLetterRowSchema.parse(deadLetterResponse(deadLetter.event_id ?? "", deadLetter, viewer));
