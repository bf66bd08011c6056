import { expect, test } from "vitest";
import { redeliveryJobSchema, storedRedeliveryJob, type RedeliveryJob } from "./redelivery-job.ts";

const AT = "2026-01-01T00:00:00.000Z";
const ENDPOINT = "ep_aaaaaaaaaaaaaaaa";

const JOB: RedeliveryJob = {
  redelivery_id: "r1",
  workspace_id: "w1",
  since: AT,
  until: AT,
  status: "undelivered",
  rate_per_second: 50,
  created_at: AT,
  updated_at: AT,
  begins_after: { events: 0, attempts: 0, dead_letters: 0 },
  state: "running",
  stop_requested: false,
  found: null,
  sent: 0,
  cursor: null,
  batch: null,
};

const START = { seq: 1, call_id: "c1", agent_id: "a1", event_type: "call_completed" };
const TO_ENDPOINT = {
  ...JOB,
  batch: { at: AT, starts: [START, { ...START, endpoint_id: ENDPOINT }] },
};

const stored = (job: RedeliveryJob): Record<string, unknown> =>
  JSON.parse(JSON.stringify(storedRedeliveryJob(job)));

test.each<[string, RedeliveryJob, string]>([
  ["runs for no endpoint as before", JOB, "running"],
  [
    "starts deliveries to agents' subscriptions as before",
    { ...JOB, batch: { at: AT, starts: [START] } },
    "running",
  ],
  [
    "is for an endpoint in a state of its own",
    { ...JOB, endpoint_id: ENDPOINT },
    "running_to_endpoints",
  ],
  ["starts a delivery to an endpoint in a state of its own", TO_ENDPOINT, "running_to_endpoints"],
  ["has ended as before", { ...JOB, endpoint_id: ENDPOINT, state: "done" }, "done"],
])("a job that %s is stored, and is read again", (_what, job, state) => {
  expect(stored(job)["state"]).toBe(state);
  expect(redeliveryJobSchema.parse(stored(job))).toEqual(job);
});

test.each(["everybody", "", null, 7])("a job for %j is none", (endpoint_id) => {
  expect(redeliveryJobSchema.safeParse({ ...JOB, endpoint_id }).success).toBe(false);
});
