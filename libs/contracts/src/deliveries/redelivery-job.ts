import { z } from "zod";
import { callIdSchema } from "../events/call-id.ts";
import { eventTypeSchema } from "../events/event-types.ts";
import { idSchema } from "../id.ts";

/** Which events a job delivers again, by what has become of them. */
export const REDELIVERY_STATUSES = ["dead_lettered", "undelivered", "all"] as const;

/** Deliveries a second that a job starts. */
export const REDELIVERY_RATE = { min: 1, max: 1_000, default: 50 } as const;

export const REDELIVERY_STATES = ["running", "done", "stopped"] as const;

/**
 * Why a job does not send an event: it is none that is understood, its subject is no event's, its type is
 * not known, its values are refused (`EVENT_SCHEMA`), or EVENTS has it no more.
 */
export const SKIP_REASONS = [
  "invalid_event",
  "malformed_subject",
  "unknown_type",
  "refused_values",
  "expired",
] as const;

export type SkipReason = (typeof SKIP_REASONS)[number];

const count = z.int().nonnegative();

/** A place in the order of time: when EVENTS stored an event, and its sequence. */
const positionSchema = z.object({ at_ms: z.number().nonnegative(), seq: z.int().nonnegative() });

const startSchema = z.object({
  seq: z.int().positive(),
  call_id: callIdSchema,
  agent_id: idSchema,
  event_type: eventTypeSchema,
});

/** One delivery that a job starts. */
export type RedeliveryStart = z.infer<typeof startSchema>;

/**
 * A redelivery job, as the last message on `redeliveries.<workspace_id>.<redelivery_id>` says how far it
 * is. Appended with the expected last sequence, so that of two processes one is first.
 */
export const redeliveryJobSchema = z.object({
  redelivery_id: idSchema,
  workspace_id: idSchema,
  agent_id: idSchema.optional(),
  event_types: z.array(eventTypeSchema).optional(),
  since: z.iso.datetime(),
  until: z.iso.datetime(),
  status: z.enum(REDELIVERY_STATUSES),
  rate_per_second: z.number(),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
  /** The last sequences when it was asked for: what came before is known before it begins. */
  begins_after: z.object({ events: count, attempts: count, dead_letters: count }),
  state: z.enum(REDELIVERY_STATES),
  /** Somebody asked for its end: it begins no further batch. */
  stop_requested: z.boolean(),
  /** Events that matched when it began; null: they are still counted. */
  found: count.nullable(),
  /** Deliveries that were started, without those of `batch`. */
  sent: count,
  /** Of those that were looked at, how many could not be sent, and why. */
  skips: z.partialRecord(z.enum(SKIP_REASONS), count).optional(),
  /** All up to here were looked at; null: it has not begun. */
  cursor: positionSchema.nullable(),
  /** What is being started: noted before anything of it is published, and published again as it is. */
  batch: z.object({ at: z.iso.datetime(), starts: z.array(startSchema) }).nullable(),
});

export type RedeliveryJob = z.infer<typeof redeliveryJobSchema>;
