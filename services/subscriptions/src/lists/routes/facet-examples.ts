import {
  DEAD_DELIVERIES,
  DEAD_EVENT,
  DELIVERED_EVENT,
} from "../../events/routes/event-examples.ts";

const [, { endpoint_id: value, uid }] = DEAD_DELIVERIES;

const COUNTED = {
  total: 3,
  at_least: false,
  event_type: [
    { value: DEAD_EVENT.event_type, count: 2 },
    { value: DELIVERED_EVENT.event_type, count: 1 },
  ],
  agent_id: [{ value: DEAD_EVENT.agent_id, count: 3 }],
  endpoint_id: [
    { value: null, count: 2 },
    { value, uid, count: 1 },
  ],
  projection_lag: 0,
};

export const FACETS_EXAMPLES = {
  few: {
    summary: "Of three",
    value: {
      ...COUNTED,
      status: [
        { value: "delivered", count: 2 },
        { value: "dead_lettered", count: 1 },
      ],
    },
  },
};

export const DEAD_LETTER_FACETS_EXAMPLES = {
  few: { summary: "Of three", value: { ...COUNTED, reason: [{ value: "exhausted", count: 3 }] } },
};
