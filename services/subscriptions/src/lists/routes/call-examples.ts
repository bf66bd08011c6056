import { DEAD_EVENT } from "../../events/routes/event-examples.ts";

const { call_id, agent_id } = DEAD_EVENT;

export const CALLS_EXAMPLES = {
  page: {
    summary: "A call of three events, one of which is being retried",
    value: {
      calls: [
        {
          call_id,
          agent_ids: [agent_id],
          first_event_at: "2026-03-02T10:17:41.302Z",
          last_event_at: "2026-03-02T10:20:02.511Z",
          events: 3,
          attempts: 9,
          status: "dead_lettered",
          next_attempt_at: "2026-03-02T10:21:15.633Z",
        },
      ],
      next_cursor: null,
      projection_lag: 0,
    },
  },
};
