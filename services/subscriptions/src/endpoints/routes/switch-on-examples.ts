import { ENDPOINT, LATER } from "./endpoint-examples.ts";

const RESUMED_AT = "2026-03-02T10:00:00.000Z";

const ENDPOINT_ON = {
  ...ENDPOINT,
  state_since: RESUMED_AT,
  version: 3,
  updated_at: RESUMED_AT,
  events_were_held_since: LATER,
};

export const SWITCHED_ON_EXAMPLES = {
  recovered: {
    summary: "What was held is brought by a job",
    value: {
      ...ENDPOINT_ON,
      redelivery: {
        redelivery_id: "01a2256e-adee-7bfb-bb4a-e3ae46f305bd",
        state: "running",
        endpoint_id: ENDPOINT.endpoint_id,
        since: LATER,
        until: RESUMED_AT,
        status: "undelivered",
        rate_per_second: 50,
        created_at: RESUMED_AT,
        updated_at: RESUMED_AT,
        found: null,
        sent: 0,
        skipped: 0,
        skipped_by_reason: {},
        delivered: 0,
        failed: 0,
        cancelled: 0,
        waiting: 0,
        projection_lag: 0,
      },
    },
  },
  resumed: {
    summary: "What was held stays undelivered",
    value: { ...ENDPOINT_ON, redelivery: null },
  },
};

export const SWITCH_ON_EXAMPLES = {
  held: { summary: "What was held is delivered, in order", value: {} },
  none: { summary: "What was held stays undelivered", value: { recover: "none" } },
  since: {
    summary: "What it did not get in the last six hours is delivered",
    value: { recover: { since: "6h" } },
  },
};
