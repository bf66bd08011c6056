import { DELIVERED_EVENT } from "../../events/routes/event-examples.ts";
import type { Examples } from "../../http/openapi/schemas.ts";

const LONG_CALLS = {
  event_type: "call_completed",
  data: { call_duration: { $gte: 600 }, status: "completed" },
};

/** Bodies of `POST /filters/test`. */
export const FILTER_EXAMPLES: Examples = {
  event: {
    summary: "With an event that is stored",
    value: { filter: LONG_CALLS, event_id: DELIVERED_EVENT.event_id },
  },
  payload: {
    summary: "With a payload",
    value: {
      filter: {
        agent_id: { $in: ["agent-7", "agent-8"] },
        $or: [{ data: { status: { $ne: "completed" } } }, { data: { call_duration: { $lt: 30 } } }],
      },
      data: {
        event_type: "call_completed",
        agent_id: "agent-7",
        call_duration: 21,
        status: "completed",
      },
    },
  },
};

/** Its responses. */
export const FILTER_RESULT_EXAMPLES: Examples = {
  matches: { summary: "It matches", value: { match: true, because: null } },
  differs: {
    summary: "It does not match: the call was too short",
    value: { match: false, because: "filter.data.call_duration.$gte" },
  },
};
