import { EVENT_STATUSES } from "@ringback/contracts/deliveries/event-status";
import { FAILURE_REASONS } from "@ringback/contracts/deliveries/attempt";
import { eventTypeSchema } from "@ringback/contracts/events/event-types";
import { z } from "zod";
import { attemptResponse, attemptResponseSchema } from "../../events/routes/attempt-response.ts";
import {
  deadLetterResponse,
  deadLetterResponseSchema,
} from "../../events/routes/dead-letter-response.ts";
import type { StoredAttempt } from "../../streams/decode.ts";
import type { AgentStats, EventRow } from "../../projection/projection.ts";
import type { DeadLetter } from "@ringback/contracts/deliveries/dead-letter";

const page = {
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
  status: z.enum(EVENT_STATUSES),
  attempt_count: z.int().meta({ description: "Of all deliveries of the event together." }),
  last_attempt_at: z.string().nullable(),
  next_attempt_at: z.string().nullable().meta({ description: "While it is `retrying`." }),
});

export const eventsResponseSchema = z.object({ events: z.array(eventRowSchema), ...page });

const attemptRowSchema = attemptResponseSchema.extend({
  event_id: z.string(),
  event_type: eventTypeSchema,
  call_id: z.string(),
  agent_id: z.string(),
});

export const attemptsResponseSchema = z.object({ attempts: z.array(attemptRowSchema), ...page });

/** The raw message is in the answer about the one dead letter. */
const deadLetterRowSchema = deadLetterResponseSchema.omit({ raw: true, raw_truncated: true });

export const deadLettersResponseSchema = z.object({
  dead_letters: z.array(deadLetterRowSchema),
  ...page,
});

export const statsResponseSchema = z.object({
  agent_id: z.string(),
  since: z.string().meta({ description: "Where the window begins: at a whole five minutes." }),
  until: z.string(),
  attempts: z
    .object({
      delivered: z.int(),
      failed: z.int(),
      cancelled: z.int(),
      failed_by_reason: z.partialRecord(z.enum(FAILURE_REASONS), z.int()).meta({
        description:
          "`status` and `protocol` are the destination's (one path), `dns`, `connection_refused`, `connection_reset`, `tls` and `blocked_address` the origin's (its host), `timeout` either's, which each attempt's `detail` says.",
      }),
    })
    .meta({ description: "Attempts that began in the window, by outcome; without tests." }),
  invalid_events: z.int().meta({
    description: "Given up before an attempt in the window: dead letters `invalid_event`.",
  }),
  duration_ms: z
    .object({ p50: z.int().nullable(), p95: z.int().nullable() })
    .meta({ description: "Of attempts that sent a request, within 6 %; null: there were none." }),
  oldest_waiting: eventRowSchema.nullable().meta({
    description: "Of events that are pending or retrying, the first; of any time.",
  }),
  projection_lag: page.projection_lag,
});

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
  next_attempt_at: timeOrNull(row.nextAttemptAtMs),
});

export const attemptRowResponse = (attempt: StoredAttempt): z.infer<typeof attemptRowSchema> => {
  const { event_id, event_type, call_id, agent_id } = attempt.record;
  return { event_id, event_type, call_id, agent_id, ...attemptResponse(attempt) };
};

export const deadLetterRowResponse = (
  deadLetter: DeadLetter,
): z.infer<typeof deadLetterRowSchema> =>
  deadLetterRowSchema.parse(deadLetterResponse(deadLetter.event_id ?? "", deadLetter));

export const statsResponse = (
  stats: AgentStats,
  eventId: (seq: number) => string,
): Pick<
  z.infer<typeof statsResponseSchema>,
  "attempts" | "invalid_events" | "duration_ms" | "oldest_waiting"
> => ({
  attempts: {
    delivered: stats.delivered,
    failed: Object.values(stats.failed).reduce((sum, count) => sum + count, 0),
    cancelled: stats.cancelled,
    failed_by_reason: { ...stats.failed },
  },
  invalid_events: stats.invalid,
  duration_ms: { p50: stats.p50Ms ?? null, p95: stats.p95Ms ?? null },
  oldest_waiting:
    stats.oldestWaiting === undefined ? null : eventRowResponse(stats.oldestWaiting, eventId),
});
