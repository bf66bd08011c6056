import { z } from "zod";
import { callIdSchema } from "../events/call-id.ts";
import { eventTypeSchema } from "../events/event-types.ts";
import { isEndpointId } from "../endpoints/endpoint-id.ts";
import { idSchema } from "../id.ts";

/** Which events a job delivers again, by their status. */
export const REDELIVERY_STATUSES = ["dead_lettered", "undelivered", "all"] as const;

/** Deliveries a second that a job starts. */
export const REDELIVERY_RATE = { min: 1, max: 1_000, default: 50 } as const;

export const REDELIVERY_STATES = ["running", "done", "stopped"] as const;

/**
 * How a running job is stored that is about endpoints: a service of an earlier version would send it to agents'
 * subscriptions. It cannot read this state, and so leaves the job alone.
 */
const RUNNING_TO_ENDPOINTS = "running_to_endpoints";

/** The same of a job that is restricted to some agents: an earlier version would send the events of all. */
const RUNNING_OF_AGENTS = "running_of_agents";

/**
 * Why a job skips an event: it cannot be parsed, its subject is not an event's, its type is unknown, its values
 * are refused (`EVENT_SCHEMA`), EVENTS does not hold it any more, or the filter of the job's endpoint leaves it out.
 */
export const SKIP_REASONS = [
  "invalid_event",
  "malformed_subject",
  "unknown_type",
  "refused_values",
  "expired",
  "filtered",
] as const;

export type SkipReason = (typeof SKIP_REASONS)[number];

const count = z.int().nonnegative();

/** A position in time: when EVENTS stored an event, and its sequence. */
const positionSchema = z.object({ at_ms: z.number().nonnegative(), seq: z.int().nonnegative() });

const endpointIdSchema = z.string().refine(isEndpointId, "must be an endpoint's id");

const startSchema = z.object({
  /** Missing: to the agent's subscription. */
  endpoint_id: endpointIdSchema.optional(),
  seq: z.int().positive(),
  call_id: callIdSchema,
  agent_id: idSchema,
  event_type: eventTypeSchema,
});

/** One delivery that a job starts. */
export type RedeliveryStart = z.infer<typeof startSchema>;

/**
 * A redelivery job's progress: the last message on `redeliveries.<workspace_id>.<redelivery_id>`. Appended with
 * the expected last sequence, so that only one of two processes advances it.
 */
export const redeliveryJobSchema = z.object({
  redelivery_id: idSchema,
  workspace_id: idSchema,
  agent_id: idSchema.optional(),
  /** Those that its caller was bound to: it sends their events, to their own endpoints. Missing: it was bound to none. */
  agents: z.array(idSchema).min(1).optional(),
  /** Missing: each event goes to those of its destinations that match. */
  endpoint_id: endpointIdSchema.optional(),
  event_types: z.array(eventTypeSchema).optional(),
  since: z.iso.datetime(),
  until: z.iso.datetime(),
  status: z.enum(REDELIVERY_STATUSES),
  rate_per_second: z.number(),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
  /** The last sequences at the request: the job begins once the index has applied them. */
  begins_after: z.object({ events: count, attempts: count, dead_letters: count }),
  state: z
    .enum([...REDELIVERY_STATES, RUNNING_TO_ENDPOINTS, RUNNING_OF_AGENTS])
    .transform((state) =>
      state === RUNNING_TO_ENDPOINTS || state === RUNNING_OF_AGENTS ? "running" : state,
    ),
  /** Cancelled: no further batch begins. */
  stop_requested: z.boolean(),
  /** Events that matched when it began; null while they are counted. */
  found: count.nullable(),
  /** Deliveries that were started, without those of `batch`. */
  sent: count,
  /** Events of which any was; missing: as many. */
  sent_events: count.optional(),
  /** How many of the checked events could not be sent, by reason. */
  skips: z.partialRecord(z.enum(SKIP_REASONS), count).optional(),
  /** All events up to here were checked; null: it has not begun. */
  cursor: positionSchema.nullable(),
  /** The deliveries being started: stored before they are published, so that a crash repeats the same ones. */
  batch: z.object({ at: z.iso.datetime(), starts: z.array(startSchema) }).nullable(),
});

export type RedeliveryJob = z.infer<typeof redeliveryJobSchema>;

/** The job in the form to store it in. */
export const storedRedeliveryJob = (job: RedeliveryJob): z.input<typeof redeliveryJobSchema> => {
  if (job.state === "running" && job.agents !== undefined) {
    return { ...job, state: RUNNING_OF_AGENTS };
  }
  const isAboutEndpoints =
    job.endpoint_id !== undefined ||
    job.batch?.starts.some(({ endpoint_id }) => endpoint_id !== undefined) === true;
  return job.state === "running" && isAboutEndpoints
    ? { ...job, state: RUNNING_TO_ENDPOINTS }
    : job;
};
