import type { z } from "zod";
import { sampleOf } from "../../http/openapi/event-samples.ts";
import type { AttemptResponse } from "./attempt-response.ts";
import type { deadLetterResponseSchema } from "./dead-letter-response.ts";
import type { DeliveryResponse } from "./delivery-response.ts";

/** The event of the examples: a call that was delivered at once. */
export const DELIVERED_EVENT = {
  event_id: "evt_t9x3k0_18423",
  event_type: "call_completed",
  call_id: "c-42",
  agent_id: "agent-7",
} as const;

/** Another event of that call, which was given up after its last attempt. */
export const DEAD_EVENT = {
  event_id: "evt_t9x3k0_18431",
  event_type: "recording_completed",
  call_id: "c-42",
  agent_id: "agent-7",
} as const;

export const DELIVERED_ATTEMPT: AttemptResponse = {
  delivery_id: "18423",
  attempt: 2,
  trigger: "retry",
  at: "2026-03-02T10:17:52.041Z",
  duration_ms: 38,
  request: { method: "POST", url: "https://crm.example.com/calls" },
  outcome: { kind: "delivered", status_code: 200 },
  response: { headers: { "content-type": "application/json" }, body_excerpt: '{"ok":true}' },
  next: { kind: "done" },
};

const FAILED_ATTEMPT: AttemptResponse = {
  delivery_id: "18423",
  attempt: 1,
  trigger: "event",
  at: "2026-03-02T10:17:41.316Z",
  duration_ms: 12,
  request: { method: "POST", url: "https://crm.example.com/calls" },
  outcome: { kind: "failed", reason: "status", status_code: 503 },
  response: { headers: { "retry-after": "5" }, body_excerpt: "down for a moment" },
  next: { kind: "retry", at: "2026-03-02T10:17:52.034Z", attempts_left: 3 },
};

export const LAST_ATTEMPT: AttemptResponse = {
  delivery_id: "18431",
  attempt: 4,
  trigger: "retry",
  at: "2026-03-02T10:21:08.870Z",
  duration_ms: 9,
  request: { method: "POST", url: "https://crm.example.com/recordings" },
  outcome: { kind: "failed", reason: "status", status_code: 503 },
  response: { headers: {}, body_excerpt: "" },
  next: { kind: "dead_letter" },
};

/** The attempt at the same event that an endpoint answered. */
const ARCHIVE_ATTEMPT: AttemptResponse = {
  delivery_id: "18431-ep_mzxw6ytboi2dg4tf",
  endpoint_id: "ep_mzxw6ytboi2dg4tf",
  uid: "archive",
  attempt: 1,
  trigger: "event",
  at: "2026-03-02T10:17:46.140Z",
  duration_ms: 21,
  request: { method: "POST", url: "https://archive.example.com/in" },
  outcome: { kind: "delivered", status_code: 200 },
  response: { headers: {}, body_excerpt: "" },
  next: { kind: "done" },
};

const ENDED = {
  reason: "exhausted",
  at: "2026-03-02T10:21:08.882Z",
  message: "given up after 4 attempts",
} as const;

export const DEAD_LETTER: z.input<typeof deadLetterResponseSchema> = {
  ...DEAD_EVENT,
  ...ENDED,
  last_attempt: LAST_ATTEMPT,
};

/** The one delivery of that event, to its agent's subscription. */
export const DELIVERED_DELIVERY: DeliveryResponse = {
  delivery_id: "18423",
  endpoint_id: null,
  status: "delivered",
  attempts: 2,
  last_attempt_at: DELIVERED_ATTEMPT.at,
  last_status_code: 200,
  destination: "https://crm.example.com/calls",
  next_attempt_at: null,
};

/** Of the event that was given up: to its agent's subscription, and to an endpoint, which got it. */
export const DEAD_DELIVERIES = [
  {
    delivery_id: "18431",
    endpoint_id: null,
    status: "dead_lettered",
    attempts: 4,
    last_attempt_at: LAST_ATTEMPT.at,
    last_status_code: 503,
    destination: "https://crm.example.com/recordings",
    next_attempt_at: null,
  },
  {
    delivery_id: "18431-ep_mzxw6ytboi2dg4tf",
    endpoint_id: "ep_mzxw6ytboi2dg4tf",
    uid: "archive",
    status: "delivered",
    attempts: 1,
    last_attempt_at: ARCHIVE_ATTEMPT.at,
    last_status_code: 200,
    destination: "https://archive.example.com/in",
    next_attempt_at: null,
  },
] as const satisfies DeliveryResponse[];

const DELIVERED = {
  ...DELIVERED_EVENT,
  stored_at: "2026-03-02T10:17:41.302Z",
  size_bytes: 5786,
  status: "delivered",
  next_attempt_at: null,
  attempt_count: 2,
  deliveries: [{ ...DELIVERED_DELIVERY, dead_letter: null }],
  attempts: [DELIVERED_ATTEMPT, FAILED_ATTEMPT],
  dead_letter: null,
};

const DEAD = {
  ...DEAD_EVENT,
  stored_at: "2026-03-02T10:17:46.127Z",
  size_bytes: 827,
  status: "dead_lettered",
  next_attempt_at: null,
  attempt_count: 5,
  deliveries: DEAD_DELIVERIES.map((one) => ({
    ...one,
    dead_letter: one.status === "dead_lettered" ? ENDED : null,
  })),
  attempts: [LAST_ATTEMPT, ARCHIVE_ATTEMPT],
  dead_letter: ENDED,
};

const SKIPPED = { endpoint_id: "ep_4q2f7xk3mzt5b6ya", uid: "long-calls", by: "filter" };

export const PAYLOAD_EXAMPLES = {
  json: { summary: "A payload that is JSON", value: sampleOf("call_completed") },
};

export const EVENT_EXAMPLES = {
  delivered: {
    summary: "Delivered with the second attempt",
    value: { ...DELIVERED, skipped: [], warnings: [], payload: sampleOf("call_completed") },
  },
  dead_lettered: {
    summary: "Given up at one of two destinations",
    value: { ...DEAD, skipped: [SKIPPED], warnings: [], payload: sampleOf("recording_completed") },
  },
};

export const CALL_EVENTS_EXAMPLES = {
  call: {
    summary: "Both events of a call",
    value: {
      events: [
        { ...DEAD, payload: sampleOf("recording_completed") },
        { ...DELIVERED, payload: sampleOf("call_completed") },
      ],
      next_cursor: null,
    },
  },
};

export const ATTEMPTS_EXAMPLES = {
  event: {
    summary: "Delivered with the second attempt",
    value: { attempts: [DELIVERED_ATTEMPT, FAILED_ATTEMPT], next_cursor: null },
  },
};

export const DEAD_LETTER_EXAMPLES = {
  exhausted: { summary: "Given up after its last attempt", value: DEAD_LETTER },
};
