import { z } from "zod";
import { attemptRecordSchema } from "./attempt.ts";

/** Why a delivery was given up. */
export const DEAD_LETTER_REASONS = [
  "exhausted",
  "invalid_event",
  "event_expired",
  /** A fault of the platform's own that did not end: no attempt was used up by it. */
  "internal",
] as const;

export type DeadLetterReason = (typeof DEAD_LETTER_REASONS)[number];

/** At most this much of a message that could not be understood is kept. */
export const MAX_RAW_MESSAGE_BYTES = 64 * 1024;

const common = {
  event_id: z.string(),
  event_seq: z.int().positive(),
  /** When it was given up, RFC 3339. */
  at: z.iso.datetime(),
  /** What happened, for a person to read. */
  message: z.string(),
};

const ofDelivery = {
  ...common,
  event_type: z.string(),
  call_id: z.string(),
  agent_id: z.string(),
  workspace_id: z.string(),
  /** Of a redelivery, which is a delivery of its own; and the job that asked for it. */
  delivery_id: z.string().optional(),
  redelivery_id: z.string().optional(),
  /** The delivery's last attempt; missing when none was kept. */
  last_attempt: attemptRecordSchema.optional(),
};

/** Of a message that could not be understood, or was not read. */
const ofMessage = {
  subject: z.string(),
  /** The message as it came, base64; its first bytes only when `truncated`. */
  raw: z.string(),
  truncated: z.boolean(),
};

/** What was given up, kept for people. */
export const deadLetterSchema = z.discriminatedUnion("reason", [
  z.looseObject({ reason: z.literal("exhausted"), ...ofDelivery }),
  z.looseObject({ reason: z.literal("event_expired"), ...ofDelivery }),
  z.looseObject({
    reason: z.literal("invalid_event"),
    ...common,
    ...ofMessage,
  }),
  // What the fault left unread is missing, so that there is a letter in any case.
  z.looseObject({
    ...z.object({ ...ofDelivery, ...ofMessage }).partial().shape,
    reason: z.literal("internal"),
    at: common.at,
    message: common.message,
  }),
]);

export type DeadLetter = z.infer<typeof deadLetterSchema>;
