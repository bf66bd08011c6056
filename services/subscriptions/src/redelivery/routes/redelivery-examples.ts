/** A job as its workspace created it. */
const WANTED = {
  redelivery_id: "01a2256e-adee-7bfb-bb4a-e3ae46f305bd",
  agent_id: "agent-7",
  event_types: ["recording_completed"],
  since: "2026-03-02T10:00:00.000Z",
  until: "2026-03-02T11:00:00.000Z",
  status: "dead_lettered",
  rate_per_second: 50,
  created_at: "2026-03-02T11:04:12.211Z",
};

const CREATED = {
  ...WANTED,
  state: "running",
  updated_at: "2026-03-02T11:04:12.211Z",
  found: null,
  sent: 0,
  skipped: 0,
  skipped_by_reason: {},
  delivered: 0,
  failed: 0,
  cancelled: 0,
  waiting: 0,
};

const DONE = {
  ...WANTED,
  state: "done",
  updated_at: "2026-03-02T11:04:15.790Z",
  found: 130,
  sent: 129,
  skipped: 1,
  skipped_by_reason: { expired: 1 },
  delivered: 127,
  failed: 0,
  cancelled: 0,
  waiting: 2,
};

export const CREATE_EXAMPLES = {
  after_an_outage: {
    summary: "What was given up within an hour",
    value: {
      agent_id: "agent-7",
      event_types: ["recording_completed"],
      since: "2026-03-02T10:00:00Z",
      until: "2026-03-02T11:00:00Z",
      status: "dead_lettered",
      rate_per_second: 50,
    },
  },
  to_an_endpoint: {
    summary: "What an endpoint missed in the last week, also from before it was created",
    value: { endpoint_id: "crm", since: "7d", status: "undelivered" },
  },
};

export const CREATED_EXAMPLES = {
  created: { summary: "Before its first event", value: { ...CREATED, projection_lag: 0 } },
};

export const JOB_EXAMPLES = {
  done: {
    summary: "All were started; two are not delivered yet",
    value: { ...DONE, projection_lag: 0 },
  },
};

export const JOBS_EXAMPLES = {
  page: {
    summary: "The workspace's only job",
    value: { redeliveries: [DONE], next_cursor: null, projection_lag: 0 },
  },
};

export const REDELIVER_EXAMPLES = {
  redeliver: { summary: "Where it went, and was not delivered", value: {} },
  to_endpoints: {
    summary: "To two endpoints alone, one of them by its uid",
    value: { endpoint_ids: ["crm", "ep_4q2f7xk3mzt5b6ya"] },
  },
  to_the_agent: {
    summary: "To its agent's subscription alone",
    value: { agent_subscription: true },
  },
  counted: {
    summary: "A retry that is due later goes on now, and counts",
    value: { counts_against_schedule: true },
  },
};

const AGAIN = {
  delivery_id: "18431-01a2256e-c911-75a7-825c-bee19df88b73",
  mode: "redelivery",
  attempt: 1,
  attempts_left: null,
};

const GOES_ON = { delivery_id: "18440", mode: "retry_now", attempt: 3, attempts_left: 2 };

export const REDELIVERED_EXAMPLES = {
  redelivery: {
    summary: "A new delivery of an event that was given up",
    value: {
      event_id: "evt_t9x3k0_18431",
      ...AGAIN,
      deliveries: [{ ...AGAIN, endpoint_id: null }],
    },
  },
  retry_now: {
    summary: "A delivery that waited for its third attempt",
    value: {
      event_id: "evt_t9x3k0_18440",
      ...GOES_ON,
      deliveries: [{ ...GOES_ON, endpoint_id: null }],
    },
  },
  several: {
    summary: "A new delivery to one endpoint; at another one an attempt is under way",
    value: {
      event_id: "evt_t9x3k0_18431",
      deliveries: [
        {
          ...AGAIN,
          delivery_id: "18431-ep_zq3m7xk2f4t5b6ya-01a2256e-c911-75a7-825c-bee19df88b73",
          endpoint_id: "ep_zq3m7xk2f4t5b6ya",
          uid: "crm",
        },
        {
          delivery_id: null,
          endpoint_id: "ep_4q2f7xk3mzt5b6ya",
          mode: "in_progress",
          attempt: null,
          attempts_left: null,
        },
      ],
    },
  },
};

export const TEST_EVENT_EXAMPLES = {
  call: { summary: "A call that ended", value: { event_type: "call_completed" } },
};

export const TESTED_EXAMPLES = {
  delivered: {
    summary: "The endpoint responded 200",
    value: {
      event_id: "evt_t9x3k0_18452",
      attempt: {
        event_id: "evt_t9x3k0_18452",
        event_seq: 18452,
        event_type: "call_completed",
        call_id: "test-067da51b-7bca-4ec3-9ed7-f100f330b7e9",
        agent_id: "agent-7",
        workspace_id: "acme",
        attempt: 1,
        trigger: "test",
        at: "2026-03-02T11:12:27.313Z",
        duration_ms: 35,
        request: { method: "POST", url: "https://crm.example.com/calls" },
        outcome: { kind: "delivered", status_code: 200 },
        response: { headers: { "content-type": "application/json" }, body_excerpt: '{"ok":true}' },
        next: { kind: "done" },
      },
    },
  },
};

export const NOT_TESTED_EXAMPLES = {
  late: {
    summary: "Not attempted in time: it will be",
    value: { event_id: "evt_t9x3k0_18452", attempt: null },
  },
};
