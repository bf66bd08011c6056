/** Bodies of `PATCH /agent/v1` for the API's document: one of each operation. */
export const PATCH_EXAMPLES = {
  edit: {
    summary: "Where events go",
    value: {
      operation: "edit_event_subscriptions",
      agent_id: "agent-7",
      event_subscriptions: [
        {
          event_type: "call_completed",
          callback_url: "https://crm.example.com/calls",
          headers: { Authorization: "Bearer crm-token" },
        },
        {
          event_type: ["platform_analysis_completed", "client_analysis_completed"],
          callback_url: "https://crm.example.com/analysis",
          method_type: "PUT",
          delivery: { timeout: "10s", retry_delays: ["10s", "5m", "1h"] },
        },
      ],
    },
  },
  order: {
    summary: "The events of a call one after the other",
    value: {
      operation: "edit_event_subscriptions",
      agent_id: "agent-7",
      event_subscriptions: [
        {
          event_type: ["call_completed", "recording_completed", "all_processing_completed"],
          callback_url: "https://crm.example.com/calls",
          order: { by: "call", on_failure: "wait", max_wait: "10m" },
        },
      ],
    },
  },
  remove: {
    summary: "No more events of a type",
    value: {
      operation: "remove_event_subscriptions",
      agent_id: "agent-7",
      event_types: ["call_completed"],
    },
  },
  rotate_secret: {
    summary: "A new signing secret for all subscriptions",
    value: { operation: "rotate_signing_secret", agent_id: "agent-7", overlap: "24h" },
  },
  remove_secret: {
    summary: "Requests are signed no more",
    value: {
      operation: "remove_signing_secret",
      agent_id: "agent-7",
      event_types: ["call_completed"],
    },
  },
  rename: {
    summary: "Another name of the agent",
    value: {
      operation: "rename_agent",
      agent_id: "agent-7",
      agent_display_name: "Reminder calls, Hindi",
    },
  },
};
