const ID = "ep_4q2f7xk3mzt5b6ya";
const CREATED_AT = "2026-01-31T09:30:00.000Z";

const SETTINGS = {
  url: "https://crm.example.com/calls",
  headers: { Authorization: "Bearer crm-token" },
  description: "CRM, production",
  agents: ["*"],
  event_types: ["*_completed"],
};

/** Its signing key. */
export const KEY = {
  id: "01a2256e-7b1c-7d0e-9a52-6f2b8c1e4d77",
  created_at: CREATED_AT,
  scheme: "v1",
};

/** The endpoint of the examples. */
export const ENDPOINT = {
  endpoint_id: ID,
  uid: "crm",
  ...SETTINGS,
  method_type: "POST",
  state: "healthy",
  state_since: CREATED_AT,
  signing: [KEY],
  version: 1,
  created_at: CREATED_AT,
  updated_at: CREATED_AT,
};

/** A new secret, as one response shows it. */
export const SECRET = { signing_secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" };

export const CREATE_EXAMPLES = {
  all: {
    summary: "Everything that completes, of every agent",
    value: { uid: "crm", ...SETTINGS },
  },
  some: {
    summary: "Calls of one agent, in their order",
    value: {
      url: "https://crm.example.com/calls",
      agents: ["agent-7"],
      event_types: ["call_*"],
      filter: { data: { call_duration: { $gte: 30 } } },
      delivery: { timeout: "10s", retry_delays: ["10s", "5m", "1h"] },
      metadata: { team: "support" },
      order: { by: "call", on_failure: "wait", max_wait: "10m" },
    },
  },
};

export const PUT_EXAMPLES = {
  whole: { summary: "As it is to be", value: SETTINGS },
};

export const CHANGE_EXAMPLES = {
  move: {
    summary: "Another URL, and no description",
    value: { url: "https://crm.example.com/v2/calls", description: null },
  },
};

export const CREATED_EXAMPLES = {
  new: { summary: "The new endpoint, and its secret this once", value: { ...ENDPOINT, ...SECRET } },
};

export const ENDPOINT_EXAMPLES = {
  endpoint: { summary: "An endpoint for what completes", value: ENDPOINT },
};

/** When it was changed. */
export const LATER = "2026-03-02T09:12:30.716Z";

const { description: _none, ...UNDESCRIBED } = ENDPOINT;

export const CHANGED_EXAMPLES = {
  moved: {
    summary: "Another URL, and no description",
    value: {
      ...UNDESCRIBED,
      url: "https://crm.example.com/v2/calls",
      version: 2,
      updated_at: LATER,
    },
  },
};

const ROW = {
  endpoint_id: ID,
  uid: "crm",
  url: SETTINGS.url,
  description: SETTINGS.description,
  agents: SETTINGS.agents,
  event_types: SETTINGS.event_types,
  state: "healthy",
  state_since: CREATED_AT,
  version: 1,
  created_at: CREATED_AT,
  updated_at: CREATED_AT,
};

export const ENDPOINTS_EXAMPLES = {
  page: {
    summary: "The workspace's only endpoint",
    value: { endpoints: [ROW], next_cursor: null },
  },
};

const ACTOR = "fd9d50fd";

export const ENDPOINT_HISTORY_EXAMPLES = {
  page: {
    summary: "Created, then moved",
    value: {
      changes: [
        {
          version: 2,
          type: "endpoint_changed",
          at: LATER,
          actor: ACTOR,
          set: { url: "https://crm.example.com/v2/calls", description: null },
        },
        {
          version: 1,
          type: "endpoint_created",
          at: CREATED_AT,
          actor: ACTOR,
          set: { ...SETTINGS, method_type: "POST" },
          key: KEY,
        },
      ],
      next_cursor: null,
    },
  },
};

export const MATCH_EXAMPLES = {
  question: {
    summary: "Who gets an event of this agent and type, with this payload",
    value: {
      event_type: "call_completed",
      agent_id: "agent-7",
      data: { call_duration: 12, status: "completed" },
    },
  },
};

export const MATCHED_EXAMPLES = {
  matched: {
    summary: "The CRM does; the archive takes other types, and one endpoint longer calls",
    value: {
      agent_subscription: {
        agent_id: "agent-7",
        event_type: "call_completed",
        callback_url: "https://crm.example.com/calls",
      },
      matches: [{ endpoint_id: ID, uid: "crm", url: SETTINGS.url }],
      others: [
        { endpoint_id: "ep_mzxw6ytbojtg633c", uid: "archive", because: "event_type" },
        {
          endpoint_id: "ep_7q2f4xk3mzt5b6ya",
          because: "filter",
          path: "filter.data.call_duration.$gte",
        },
      ],
    },
  },
};
