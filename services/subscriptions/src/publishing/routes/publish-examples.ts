import { sampleOf } from "../../http/openapi/event-samples.ts";

/** Bodies of `POST /events` for the API's document. */
export const PUBLISH_EXAMPLES = {
  one: { summary: "One event", value: sampleOf("call_completed") },
  list: {
    summary: "Several events, which are checked before the first is stored",
    value: [
      { event_type: "recording_completed", call_id: "c-42", agent_id: "agent-7" },
      { event_type: "kyc_done", call_id: "c-42", agent_id: "agent-7", score: 0.93 },
    ],
  },
};

/** What they are answered with. */
export const PUBLISHED_EXAMPLES = {
  one: {
    summary: "One event",
    value: { events: [{ event_id: "evt_t9x3k0_18423", duplicate: false }] },
  },
  list: {
    summary: "The first was stored before",
    value: {
      events: [
        { event_id: "evt_t9x3k0_18431", duplicate: true },
        {
          event_id: "evt_t9x3k0_18432",
          duplicate: false,
          warnings: [{ path: "score", message: "must be number" }],
        },
      ],
    },
  },
};
