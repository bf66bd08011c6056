import { z } from "zod";

/** Known values of a call's status; others are delivered too. */
export const CALL_STATUSES = [
  "registered",
  "ongoing",
  "retry",
  "completed",
  "failed",
  "error",
  "cancelled",
  "no_answer",
  "busy",
  "voicemail",
  "forwarded",
] as const;

/** Known types of calls; others are delivered too. */
export const CALL_TYPES = ["outbound", "inbound", "webcall"] as const;

/** The form of each kind of field, for documents. */
export const FIELD_SCHEMAS = {
  text: z.string(),
  /** In seconds, or another measure; some platforms write numbers as text. */
  amount: z.union([z.number().nonnegative(), z.string()]),
  count: z.union([z.int().nonnegative(), z.string()]),
  object: z.record(z.string(), z.unknown()),
  anything: z.unknown(),
  list: z.array(z.unknown()),
  /** ISO 8601, or unix time in seconds or milliseconds. */
  time: z.union([z.string(), z.number()]),
  call_status: z.string().meta({ examples: [...CALL_STATUSES] }),
  call_type: z.string().meta({ examples: [...CALL_TYPES] }),
  transcript: z.union([z.array(z.record(z.string(), z.unknown())), z.string()]),
} as const;

export type FieldKind = keyof typeof FIELD_SCHEMAS;

const ofCalls = {
  call_sid: "text",
  custom_args_values: "object",
} as const;

const call = {
  ...ofCalls,
  agent_name: "text",
  version_id: "text",
  version_slug: "text",
  version_description: "text",
  bulk_list_id: "text",
  called_on: "time",
  call_duration: "amount",
  call_type: "call_type",
  status: "call_status",
  sub_status: "text",
  to_number: "text",
  from_number: "text",
  retry_count: "count",
  call_cost: "amount",
  overall_latency_seconds: "amount",
  first_utterance_seconds: "amount",
  agent_message_count: "count",
  user_message_count: "count",
} as const;

const endedCall = { ...call, transcript: "transcript", tool_call_logs: "list" } as const;

const recording = { recording_url: "text", recording_duration: "amount" } as const;

/**
 * The built-in catalogue: each type's known fields beside the ids. Any of them may be missing, null, or of another
 * kind: the event is delivered as it is. To add a type, add an entry here.
 */
export const EVENT_FIELDS = {
  call_started: call,
  call_completed: endedCall,
  recording_completed: { ...ofCalls, ...recording },
  recording_failed: { ...ofCalls, error: "anything" },
  platform_analysis_completed: { ...ofCalls, analysis_data: "anything" },
  client_analysis_completed: { ...ofCalls, analysis_data: "anything" },
  analysis_failed: { ...ofCalls, error: "anything" },
  all_processing_completed: {
    ...endedCall,
    ...recording,
    platform_analysis: "anything",
    platform_analysis_status: "text",
    client_analysis: "anything",
    client_analysis_status: "text",
  },
  /** By Ringback itself: a delivery of another event was dead-lettered. */
  delivery_exhausted: { delivery: "object" },
} as const satisfies Readonly<Record<string, Readonly<Record<string, FieldKind>>>>;
