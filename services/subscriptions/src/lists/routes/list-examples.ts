import {
  DEAD_DELIVERIES,
  DEAD_EVENT,
  DEAD_LETTER,
  DELIVERED_ATTEMPT,
  DELIVERED_DELIVERY,
  DELIVERED_EVENT,
  LAST_ATTEMPT,
} from "../../events/routes/event-examples.ts";

/** Of a list that is shown whole and up to date. */
const WHOLE = { next_cursor: null, projection_lag: 0 };

const WAITING = {
  event_id: "evt_t9x3k0_18440",
  event_type: "all_processing_completed",
  call_id: "c-42",
  agent_id: "agent-7",
  stored_at: "2026-03-02T10:20:02.511Z",
  size_bytes: 4612,
  trigger: "event",
  status: "retrying",
  attempt_count: 2,
  last_attempt_at: "2026-03-02T10:20:13.049Z",
  last_status_code: 503,
  destination: "https://crm.example.com/all",
  next_attempt_at: "2026-03-02T10:21:15.633Z",
};

export const EVENTS_EXAMPLES = {
  page: {
    summary: "Two events, newest first",
    value: {
      events: [
        {
          ...DEAD_EVENT,
          stored_at: "2026-03-02T10:17:46.127Z",
          size_bytes: 827,
          trigger: "event",
          status: "dead_lettered",
          attempt_count: 4,
          last_attempt_at: LAST_ATTEMPT.at,
          last_status_code: 503,
          destination: "https://crm.example.com/recordings",
          next_attempt_at: null,
        },
        {
          ...DELIVERED_EVENT,
          stored_at: "2026-03-02T10:17:41.302Z",
          size_bytes: 5786,
          trigger: "event",
          status: "delivered",
          attempt_count: 2,
          last_attempt_at: DELIVERED_ATTEMPT.at,
          last_status_code: 200,
          destination: "https://crm.example.com/calls",
          next_attempt_at: null,
        },
      ],
      ...WHOLE,
    },
  },
};

const ROW_OF_EVENT = { stored_at: "2026-03-02T10:17:46.127Z", trigger: "event" };

export const DELIVERIES_EXAMPLES = {
  page: {
    summary: "The deliveries of two events, newest first",
    value: {
      deliveries: [
        ...DEAD_DELIVERIES.map((delivery) => ({ ...DEAD_EVENT, ...ROW_OF_EVENT, ...delivery })),
        {
          ...DELIVERED_EVENT,
          stored_at: "2026-03-02T10:17:41.302Z",
          trigger: "event",
          ...DELIVERED_DELIVERY,
        },
      ],
      ...WHOLE,
    },
  },
};

export const ATTEMPTS_EXAMPLES = {
  page: {
    summary: "Two attempts, newest first",
    value: {
      attempts: [
        { ...DEAD_EVENT, ...LAST_ATTEMPT },
        { ...DELIVERED_EVENT, ...DELIVERED_ATTEMPT },
      ],
      ...WHOLE,
    },
  },
};

export const DEAD_LETTERS_EXAMPLES = {
  page: { summary: "All there are", value: { dead_letters: [DEAD_LETTER], ...WHOLE } },
};

export const STATS_EXAMPLES = {
  day: {
    summary: "A day with an endpoint that was down for a moment",
    value: {
      agent_id: "agent-7",
      since: "2026-03-01T10:20:00.000Z",
      until: "2026-03-02T10:21:10.204Z",
      attempts: {
        delivered: 1204,
        failed: 9,
        cancelled: 0,
        failed_by_reason: { status: 7, timeout: 2 },
      },
      invalid_events: 0,
      duration_ms: { p50: 41, p95: 210 },
      oldest_waiting: WAITING,
      projection_lag: 0,
    },
  },
};

export const ENDPOINT_STATS_EXAMPLES = {
  day: {
    summary: "A day without a failure",
    value: {
      endpoint_id: "ep_mzxw6ytboi2dg4tf",
      since: "2026-03-01T10:20:00.000Z",
      until: "2026-03-02T10:21:10.204Z",
      attempts: { delivered: 804, failed: 0, cancelled: 0, failed_by_reason: {} },
      duration_ms: { p50: 20, p95: 63 },
      oldest_waiting: null,
      projection_lag: 0,
    },
  },
};
