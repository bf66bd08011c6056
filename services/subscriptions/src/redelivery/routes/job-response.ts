import { eventTypeSchema } from "@ringback/contracts/events/event-types";
import {
  REDELIVERY_STATES,
  REDELIVERY_STATUSES,
  SKIP_REASONS,
  type RedeliveryJob,
} from "@ringback/contracts/deliveries/redelivery-job";
import { z } from "zod";
import { countsOf } from "../decide/job.ts";
import type { RedeliveryProgress } from "../../projection/projection.ts";

const count = z.int().nonnegative();

const jobSchema = z.object({
  redelivery_id: z.string(),
  state: z.enum(REDELIVERY_STATES).meta({
    description: "done: all were started, and some may not be delivered yet (waiting)",
  }),
  agent_id: z.string().optional(),
  agents: z.array(z.string()).optional().meta({
    description: "Those that the key was bound to: it sends their events, to their own endpoints",
  }),
  endpoint_id: z.string().optional(),
  event_types: z.array(eventTypeSchema).optional(),
  since: z.string(),
  until: z.string(),
  status: z.enum(REDELIVERY_STATUSES),
  rate_per_second: z.number(),
  created_at: z.string(),
  updated_at: z.string(),
  found: count.nullable().meta({
    description:
      "Events that matched when it began, or that its endpoint is for; null while they are counted",
  }),
  sent: count.meta({ description: "Deliveries that were started" }),
  skipped: count.meta({ description: "Events that matched when it began and were not sent" }),
  skipped_by_reason: z.partialRecord(z.enum([...SKIP_REASONS, "not_due"]), count).meta({
    description:
      "`invalid_event`: not understood; `malformed_subject`: no event's; `unknown_type`; `refused_values`: by EVENT_SCHEMA; `expired`: gone; `filtered`: by its endpoint's filter; `not_due`: being delivered, or delivered by others",
  }),
  delivered: count,
  failed: count.meta({
    description: "Given up: dead letters again, also where the event was gone before its attempt",
  }),
  cancelled: count.meta({ description: "The subscription was gone" }),
  waiting: count.meta({ description: "Started and not at their end: in work or between retries" }),
});

const lag = z.int().nonnegative().meta({
  description: "Stored messages that delivered, failed, cancelled and waiting do not know of yet",
});

export const jobResponseSchema = jobSchema.extend({ projection_lag: lag });

export const jobsResponseSchema = z.object({
  redeliveries: z.array(jobSchema),
  next_cursor: z.string().nullable(),
  projection_lag: lag,
});

/**
 * A job for its workspace: what it redelivers, how far it is and how its deliveries ended. The rest stays
 * internal.
 */
export const jobResponse = (
  job: RedeliveryJob,
  { delivered, failed, cancelled }: RedeliveryProgress,
): z.infer<typeof jobSchema> => {
  const counts = countsOf(job);
  return jobSchema.parse({
    ...job,
    state: job.stop_requested ? "stopped" : job.state,
    ...counts,
    delivered,
    failed,
    cancelled,
    // The index may know of deliveries that this reading of the job does not.
    waiting: Math.max(0, counts.sent - delivered - failed - cancelled),
  });
};
