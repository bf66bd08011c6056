import { z } from "zod";
import { eventTypeSchema } from "../events/event-types.ts";
import { METHOD_TYPES } from "../agents/subscription.ts";

/** Why an attempt failed. A closed set: these are the values of metric labels and alerts. */
export const FAILURE_REASONS = [
  "status",
  "timeout",
  "connection_refused",
  "connection_reset",
  "dns",
  "tls",
  "blocked_address",
  "protocol",
  "internal",
] as const;

export type FailureReason = (typeof FAILURE_REASONS)[number];

/** Why an attempt was made. */
export const TRIGGERS = ["event", "retry", "redelivery", "test"] as const;

export type Trigger = (typeof TRIGGERS)[number];

export const outcomeSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("delivered"), status_code: z.int() }),
  z.object({
    kind: z.literal("failed"),
    reason: z.enum(FAILURE_REASONS),
    status_code: z.int().optional(),
    detail: z.string().optional(),
  }),
  /** The subscription was deleted before the attempt: nothing was sent. */
  z.object({ kind: z.literal("cancelled") }),
]);

export type Outcome = z.infer<typeof outcomeSchema>;

/**
 * The step after an attempt; `at` is when a retry is due, RFC 3339. `attempts_left`: the schedule's remaining
 * attempts, including that retry; missing in records of earlier versions.
 */
export const nextStepSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("done") }),
  z.object({
    kind: z.literal("retry"),
    at: z.iso.datetime(),
    attempts_left: z.int().positive().optional(),
  }),
  z.object({ kind: z.literal("dead_letter") }),
]);

export type NextStep = z.infer<typeof nextStepSchema>;

/** At most this much of a response's body is kept, in bytes of UTF-8. */
export const MAX_BODY_EXCERPT_BYTES = 2_048;

/** One attempt, as it is kept on ATTEMPTS. Unknown fields of later versions are kept when read. */
export const attemptRecordSchema = z.looseObject({
  event_id: z.string(),
  event_seq: z.int().positive(),
  event_type: eventTypeSchema,
  call_id: z.string(),
  agent_id: z.string(),
  workspace_id: z.string(),
  /** Missing: the event's first delivery to its agent's subscription. */
  delivery_id: z.string().optional(),
  /** Missing: the delivery goes to the agent's subscription. `uid`: the customer's own id of the endpoint. */
  endpoint_id: z.string().optional(),
  uid: z.string().optional(),
  /** The redelivery job that started this delivery. */
  redelivery_id: z.string().optional(),
  /** Counts the requests of a delivery from 1. */
  attempt: z.int().positive(),
  /** How many of those, up to this one, were requested by people: they do not count in the schedule. */
  extra_attempts: z.int().positive().optional(),
  trigger: z.enum(TRIGGERS),
  /** When the attempt began, RFC 3339. */
  at: z.iso.datetime(),
  duration_ms: z.number().nonnegative(),
  /** Missing when nothing was sent (cancelled). The URL is kept without its query. */
  request: z.object({ method: z.enum(METHOD_TYPES), url: z.string() }).optional(),
  outcome: outcomeSchema,
  response: z
    .object({
      headers: z.record(z.string(), z.string()).optional(),
      body_excerpt: z.string().optional(),
    })
    .optional(),
  next: nextStepSchema,
  /**
   * The request was sent again on a new connection within this attempt: the endpoint had closed the reused one
   * before it responded, and may have received the request.
   */
  resent: z.literal(true).optional(),
  /** The destination keeps the order of a call's events, and this attempt did not wait for its turn any longer. */
  out_of_turn: z.literal(true).optional(),
});

export type AttemptRecord = z.infer<typeof attemptRecordSchema>;
