import { z } from "zod";
import { attemptRecordSchema } from "./attempt.ts";

/** Why a delivery was dead-lettered. */
export const DEAD_LETTER_REASONS = [
  "exhausted",
  "invalid_event",
  "event_expired",
  /** A lasting fault of the platform; it used up no attempt. */
  "internal",
] as const;

export type DeadLetterReason = (typeof DEAD_LETTER_REASONS)[number];

/** At most this much of a message that could not be parsed is kept. */
export const MAX_RAW_MESSAGE_BYTES = 64 * 1024;

const common = {
  event_id: z.string(),
  event_seq: z.int().positive(),
  /** When it was dead-lettered, RFC 3339. */
  at: z.iso.datetime(),
  /** The reason, for people. */
  message: z.string(),
};

const ofDelivery = {
  ...common,
  event_type: z.string(),
  call_id: z.string(),
  agent_id: z.string(),
  workspace_id: z.string(),
  /** Missing: the event's first delivery to its agent's subscription. `redelivery_id`: the job that started it. */
  delivery_id: z.string().optional(),
  /** Missing: the delivery goes to the agent's subscription. `uid`: the customer's own id of the endpoint. */
  endpoint_id: z.string().optional(),
  uid: z.string().optional(),
  redelivery_id: z.string().optional(),
  /** The delivery's last attempt, if its record is kept. */
  last_attempt: attemptRecordSchema.optional(),
};

/** Of a message that could not be parsed. */
const ofMessage = {
  subject: z.string(),
  /** The message in base64; only its first bytes when `truncated`. */
  raw: z.string(),
  truncated: z.boolean(),
};

export const deadLetterSchema = z.discriminatedUnion("reason", [
  z.looseObject({ reason: z.literal("exhausted"), ...ofDelivery }),
  z.looseObject({ reason: z.literal("event_expired"), ...ofDelivery }),
  z.looseObject({
    reason: z.literal("invalid_event"),
    ...common,
    ...ofMessage,
  }),
  // Holds whatever was read before the fault.
  z.looseObject({
    ...z.object({ ...ofDelivery, ...ofMessage }).partial().shape,
    reason: z.literal("internal"),
    at: common.at,
    message: common.message,
  }),
]);

export type DeadLetter = z.infer<typeof deadLetterSchema>;
