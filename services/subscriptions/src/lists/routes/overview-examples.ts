import { DEAD_DELIVERIES, DEAD_EVENT } from "../../events/routes/event-examples.ts";

const { agent_id } = DEAD_EVENT;
const [, { endpoint_id, uid }] = DEAD_DELIVERIES;

export const OVERVIEW_EXAMPLES = {
  hour: {
    summary: "The last hour, with two of its minutes",
    value: {
      since: "2026-03-02T09:22:00.000Z",
      until: "2026-03-02T10:21:09.120Z",
      bucket_seconds: 60,
      events: 3,
      attempts: { delivered: 2, failed: 7, cancelled: 0, failed_by_reason: { status: 7 } },
      given_up: { total: 1, by_reason: { exhausted: 1 } },
      first_attempt_delay_ms: { p50: 9, p95: 14, p99: 14 },
      waiting: {
        pending: 0,
        retrying: 1,
        at_least: false,
        oldest: {
          event_id: "evt_t9x3k0_18440",
          event_type: "all_processing_completed",
          call_id: "c-42",
          agent_id,
          stored_at: "2026-03-02T10:20:02.511Z",
          trigger: "event",
          delivery_id: "18440",
          endpoint_id: null,
          status: "retrying",
          attempts: 2,
          last_attempt_at: "2026-03-02T10:20:13.049Z",
          last_status_code: 503,
          destination: "https://crm.example.com/all",
          next_attempt_at: "2026-03-02T10:21:15.633Z",
        },
      },
      failing: [
        { endpoint_id: null, agent_id, attempts: 8, failed: 7, failure_share: 0.875 },
        { endpoint_id, uid, agent_id: null, attempts: 40, failed: 1, failure_share: 0.025 },
      ],
      series: [
        { at: "2026-03-02T10:20:00.000Z", events: 1, delivered: 0, failed: 2, given_up: 0 },
        { at: "2026-03-02T10:21:00.000Z", events: 0, delivered: 0, failed: 1, given_up: 1 },
      ],
      projection_lag: 0,
    },
  },
};

export const WORKSPACES_EXAMPLES = {
  page: {
    summary: "The only workspace",
    value: {
      workspaces: [
        {
          workspace_id: "acme",
          agents: 12,
          endpoints: 3,
          failing_endpoints: 1,
          events: 5_120,
          delivered: 5_098,
          failed: 31,
          cancelled: 0,
          given_up: 2,
        },
      ],
      next_cursor: null,
      projection_lag: 0,
    },
  },
};

export const ACTIVITY_EXAMPLES = {
  page: {
    summary: "An endpoint and an agent, with two of 24 hours",
    value: {
      since: "2026-03-01T11:00:00.000Z",
      until: "2026-03-02T10:21:09.120Z",
      bucket_seconds: 3_600,
      endpoints: [{ endpoint_id, delivered: [12, 39], failed: [0, 1] }],
      agents: [{ agent_id, delivered: [null, 41], failed: [null, 8] }],
      projection_lag: 0,
    },
  },
};
