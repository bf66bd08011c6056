import type { EVENT_FIELDS } from "./event-fields.ts";
import type { BuiltInEventType } from "./event-types.ts";

type FieldsOf<Type> = Type extends BuiltInEventType ? keyof (typeof EVENT_FIELDS)[Type] : never;

/** When an event of each type comes. */
export const TYPE_MEANINGS: Readonly<Record<BuiltInEventType, string>> = {
  call_started: "A call began.",
  call_completed:
    "A call ended, or an attempt at it did: one event for each attempt (`retry_count`).",
  recording_completed: "The recording of a call can be fetched.",
  recording_failed: "There is no recording of a call.",
  platform_analysis_completed: "The platform's analysis of a call is ready.",
  client_analysis_completed: "The analysis that you defined is ready.",
  analysis_failed: "There is no analysis of a call.",
  all_processing_completed:
    "All of a call is ready: the call, its recording and its analyses in one event.",
  delivery_exhausted:
    "Ringback's own: the delivery of another event was given up. Only the agent `_workspace` has it.",
};

/** The fields of every event, which say where it belongs. */
export const ROUTING_FIELDS = [
  { name: "event_type", meaning: "the event's type; always there" },
  { name: "call_id", meaning: "the call's id, the same in all of its events; always there" },
  { name: "agent_id", meaning: "the agent that made or took the call" },
  { name: "workspace_id", meaning: "your workspace" },
] as const;

/** What the known fields say. */
export const FIELD_MEANINGS: Readonly<Record<FieldsOf<BuiltInEventType>, string>> = {
  agent_message_count: "how often the agent spoke",
  agent_name: "the agent's name",
  analysis_data: "the analysis; its form depends on what is analysed",
  bulk_list_id: "the list of calls that this one belongs to",
  call_cost: "what the call cost",
  call_duration: "seconds",
  call_sid: "the call's id at the telephone carrier",
  call_type: "the direction",
  called_on: "when the call was made",
  client_analysis: "as `analysis_data` of `client_analysis_completed`",
  client_analysis_status: "what became of your analysis",
  custom_args_values: "your own values that the call was started with",
  delivery: "the event, and why its delivery was given up",
  error: "what went wrong",
  first_utterance_seconds: "seconds until somebody spoke first",
  from_number: "the calling number",
  overall_latency_seconds: "how long the agent's replies took, in seconds",
  platform_analysis: "as `analysis_data` of `platform_analysis_completed`",
  platform_analysis_status: "what became of the platform's analysis",
  recording_duration: "seconds",
  recording_url: "where to fetch the recording; such URLs may expire",
  retry_count: "how many attempts at this call there were before",
  status: "what became of the call",
  sub_status: "the same in more detail",
  to_number: "the called number",
  tool_call_logs: "which tools the agent used, with what result",
  transcript: "what was said, in order",
  user_message_count: "how often the other side spoke",
  version_description: "what that version of the agent is about",
  version_id: "the agent's version",
  version_slug: "the name of the agent's version",
};
