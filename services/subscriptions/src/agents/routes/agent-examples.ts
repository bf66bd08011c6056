const CALLS = {
  event_type: "call_completed",
  callback_url: "https://crm.example.com/calls",
  headers: { Authorization: "Bearer crm-token" },
  method_type: "POST",
};

const KEY = {
  id: "01a2256e-7b1c-7d0e-9a52-6f2b8c1e4d77",
  created_at: "2026-02-03T08:00:12.480Z",
  scheme: "v1",
};

const SIGNED = { ...CALLS, signing: [KEY] };

const NEW = {
  agent_id: "agent-7",
  agent_display_name: "Reminder calls",
  event_subscriptions: [],
  created_at: "2026-01-31T09:30:00.000Z",
  updated_at: "2026-01-31T09:30:00.000Z",
  version: 1,
};

/** The agent of the examples, after its calls were subscribed and signed. */
const AGENT = {
  ...NEW,
  event_subscriptions: [SIGNED],
  updated_at: KEY.created_at,
  version: 3,
};

const LISTED = {
  agent_id: AGENT.agent_id,
  agent_display_name: AGENT.agent_display_name,
  event_types: ["call_completed"],
  updated_at: AGENT.updated_at,
};

export const REGISTER_EXAMPLES = {
  named: {
    summary: "An agent with an id of your own",
    value: { agent_id: "agent-7", agent_display_name: "Reminder calls" },
  },
};

export const REGISTERED_EXAMPLES = {
  new: { summary: "The new agent", value: NEW },
};

export const AGENT_EXAMPLES = {
  agent: { summary: "An agent whose calls go to one URL, signed", value: AGENT },
};

export const AGENTS_EXAMPLES = {
  page: { summary: "The workspace's only agent", value: { agents: [LISTED], next_cursor: null } },
};

export const ENVELOPED_EXAMPLES = {
  agent: {
    summary: "The same agent in an envelope",
    value: { agents: { id: AGENT.agent_id, ...AGENT } },
  },
};

export const ENVELOPED_AGENTS_EXAMPLES = {
  all: {
    summary: "The workspace's only agent",
    value: { agents: [{ ...LISTED, id: AGENT.agent_id }], total: 1, limit: 20, offset: 0 },
  },
};

const ACTOR = "fd9d50fd";

export const HISTORY_EXAMPLES = {
  page: {
    summary: "Registered, subscribed, and signed",
    value: {
      changes: [
        {
          version: 3,
          type: "signing_secret_rotated",
          at: KEY.created_at,
          actor: ACTOR,
          signing: [{ event_type: "call_completed", key: KEY }],
          former_expire_at: "2026-02-04T08:00:12.480Z",
        },
        {
          version: 2,
          type: "event_subscriptions_edited",
          at: "2026-01-31T09:31:44.102Z",
          actor: ACTOR,
          set: [CALLS],
          removed: [],
        },
        {
          version: 1,
          type: "agent_registered",
          at: NEW.created_at,
          actor: ACTOR,
          agent_display_name: "Reminder calls",
        },
      ],
      next_cursor: null,
    },
  },
};

const ANALYSIS = ["platform_analysis_completed", "client_analysis_completed"].map((event_type) => ({
  event_type,
  callback_url: "https://crm.example.com/analysis",
  headers: {},
  method_type: "PUT",
  delivery: { timeout: "10s", retry_delays: ["10s", "5m", "1h"] },
  signing: [KEY],
}));

type Named = { readonly event_type: string; readonly callback_url: string };

const named = ({ event_type, callback_url }: Named) => ({ event_type, callback_url });

const changed = (version: number, event_subscriptions: readonly Named[]) => ({
  message: "Agent updated successfully!",
  ...AGENT,
  event_subscriptions,
  updated_at: "2026-03-02T09:12:30.716Z",
  version,
});

/** What a change gets as its response, by what was requested: the bodies of `PATCH_EXAMPLES`. */
export const CHANGED_EXAMPLES = {
  edit: {
    summary: "Calls go to another URL, and two types of analysis are new",
    value: {
      ...changed(4, [SIGNED, ...ANALYSIS]),
      added: ANALYSIS.map(named),
      replaced: [
        {
          event_type: "call_completed",
          callback_url: "https://old.example.com/calls",
          changed: ["callback_url"],
        },
      ],
      unchanged: [],
      kept: [],
      removed: [],
    },
  },
  remove: {
    summary: "No more events of a type",
    value: {
      ...changed(5, ANALYSIS),
      added: [],
      replaced: [],
      unchanged: [],
      kept: ANALYSIS.map(named),
      removed: [named(SIGNED)],
    },
  },
  rotate_secret: {
    summary: "A new signing secret",
    value: { ...changed(4, [SIGNED]), signing_secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" },
  },
  rename: {
    summary: "Another name of the agent",
    value: { ...changed(4, [SIGNED]), agent_display_name: "Reminder calls, Hindi" },
  },
};
