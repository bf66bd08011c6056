import type { Buffer } from "node:buffer";
import { DEAD_LETTER_REASONS, type DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import { EVENT_STATUSES } from "@ringback/contracts/deliveries/event-status";
import type { EventWarning } from "@ringback/contracts/events/event-warnings";
import { z } from "zod";
import { SKIPPED_BY, type SkippedEndpoint } from "../skipped-endpoint.ts";
import { attemptResponse, attemptResponseSchema, endpointFields } from "./attempt-response.ts";
import { endpointOf } from "./dead-letter-response.ts";
import { deliveryResponse, deliveryResponseSchema } from "./delivery-response.ts";
import { embeddedPayload, withoutPayload, withPayload } from "./embedded-payload.ts";
import { seesPayloads, type Viewer } from "../hidden-payloads.ts";
import { warningSchema } from "../../publishing/check-event.ts";
import type { FoundEvent } from "../event-reader.ts";

const lastWordFields = {
  reason: z.enum(DEAD_LETTER_REASONS),
  at: z.string().meta({ description: "When it was given up." }),
  message: z.string(),
};

const deliveryOfEventSchema = deliveryResponseSchema.extend({
  dead_letter: z.object(lastWordFields).nullable().meta({
    description: "Why it was given up; null: it was not.",
  }),
});

/** An event without its payload. */
const headSchema = z.object({
  event_id: z.string(),
  event_type: z.string().nullable(),
  call_id: z.string().nullable(),
  agent_id: z.string().nullable(),
  stored_at: z.string(),
  size_bytes: z.int(),
  status: z.enum(EVENT_STATUSES).meta({ description: "The worst of its deliveries'." }),
  next_attempt_at: z.string().nullable().meta({
    description:
      "When the next attempt is due, at whichever destination, a first one that was put off too; null: none is.",
  }),
  attempt_count: z.int().meta({ description: "Of all deliveries of the event together." }),
  deliveries: z.array(deliveryOfEventSchema).meta({
    description:
      "One for each destination, with its last delivery, the agent's subscription first; empty: nobody had subscribed it.",
  }),
  attempts: z.array(attemptResponseSchema).meta({
    description: "The last ones, newest first; GET /events/{event_id}/attempts has all.",
  }),
  dead_letter: z
    .object({ ...endpointFields, ...lastWordFields })
    .nullable()
    .meta({ description: "Why it was given up; with several destinations, the last dead letter." }),
});

/** An event with its payload. */
export const eventResponseSchema = headSchema.extend({
  skipped: z
    .array(
      z.object({
        endpoint_id: z.string(),
        uid: z.string().optional(),
        by: z.enum(SKIPPED_BY),
      }),
    )
    .optional()
    .meta({
      description:
        "Of one event: endpoints of its agent and type that it did not go to, as they are now.",
    }),
  warnings: z.array(warningSchema).optional().meta({
    description: "Of one event: known fields with values that readers do not expect.",
  }),
  payload: z.unknown().meta({
    description: "As it was published, byte for byte; null where that is no JSON.",
  }),
  payload_base64: z.string().optional().meta({
    description: "In place of a payload that is no JSON: its bytes, at most the first 64 KiB.",
  }),
  payload_truncated: z.boolean().optional(),
  payload_hidden: z.literal(true).optional().meta({
    description: "Payloads are for callers with `payloads`: `payload` is null.",
  }),
});

export const callEventsResponseSchema = z.object({
  events: z.array(eventResponseSchema),
  next_cursor: z.string().nullable(),
});

/** What a response about one event alone has. */
export type OfOneEvent = {
  readonly skipped: readonly SkippedEndpoint[];
  readonly warnings: readonly EventWarning[];
};

/** The JSON of an event for a caller: text, because its payload must keep its bytes. */
export const eventResponse = (found: FoundEvent, viewer: Viewer, ofOne?: OfOneEvent): Buffer => {
  const { eventId, event, status, nextAttemptAtMs, attemptCount, attempts } = found;
  const { destinations, deadLetter } = found;
  const head: z.infer<typeof headSchema> = {
    event_id: eventId,
    event_type: event.eventType ?? null,
    call_id: event.callId ?? null,
    agent_id: event.agentId ?? null,
    stored_at: new Date(event.storedAtMs).toISOString(),
    size_bytes: event.body.byteLength,
    status,
    next_attempt_at: nextAttemptAtMs === undefined ? null : new Date(nextAttemptAtMs).toISOString(),
    attempt_count: attemptCount,
    deliveries: destinations.map((one) => ({
      ...deliveryResponse(one),
      dead_letter: one.deadLetter === undefined ? null : lastWordOf(one.deadLetter),
    })),
    attempts: attempts.map((one) => attemptResponse(one, viewer)),
    dead_letter: deadLetter === undefined ? null : lastWord(deadLetter),
  };
  const body = ofOne === undefined ? head : { ...head, ...ofOne, skipped: skippedIn(ofOne) };
  if (!seesPayloads(viewer)) return withoutPayload(body);
  return withPayload(body, embeddedPayload(event.body));
};

const lastWordOf = ({ reason, at, message }: DeadLetter) => ({ reason, at, message });

const lastWord = (deadLetter: DeadLetter) => ({
  ...endpointOf(deadLetter),
  ...lastWordOf(deadLetter),
});

const skippedIn = ({ skipped }: OfOneEvent) =>
  skipped.map(({ endpointId: endpoint_id, uid, by }) => ({
    endpoint_id,
    ...(uid === undefined ? {} : { uid }),
    by,
  }));
