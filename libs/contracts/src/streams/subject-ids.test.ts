import { expect, test } from "vitest";
import { STREAM_SUBJECTS } from "./subjects.ts";
import { idsInSubject } from "./subject-ids.ts";

const AGENT = { workspace_id: "w1", agent_id: "a1" };
const EVENT = { ...AGENT, call_id: "call.1", event_type: "call_completed" };
const ENDPOINT = "ep_aaaaaaaaaaaaaaaa";

test.each([
  ["events.w1.call=2E1.a1.call_completed", EVENT],
  ["attempts.w1.call=2E1.a1.call_completed.7", { ...EVENT, event_seq: 7 }],
  ["attempts.w1.call=2E1.a1.call_completed.7.fan_out", { ...EVENT, event_seq: 7 }],
  ["dead_letters.w1._.a1._", AGENT],
  ["retries.due.w1.a1.7", { ...AGENT, event_seq: 7 }],
  [
    `retries.scheduled.w1.a1.7-${ENDPOINT}-again`,
    { ...AGENT, event_seq: 7, delivery_id: `7-${ENDPOINT}-again`, endpoint_id: ENDPOINT },
  ],
  ["retries.due.w1.a1.garbage", { ...AGENT, delivery_id: "garbage" }],
  ["retries.due.w1.a1", AGENT],
  ["subscriptions.w1.a1", AGENT],
  [`subscriptions.w1._endpoint.${ENDPOINT}`, { workspace_id: "w1", endpoint_id: ENDPOINT }],
  [
    "subscriptions.w1._event_type.order_shipped",
    { workspace_id: "w1", event_type: "order_shipped" },
  ],
  ["requests.w1.hash", { workspace_id: "w1" }],
  ["operations.w1.event.invalid", { workspace_id: "w1" }],
  ["redeliveries.w1.r1", { workspace_id: "w1", redelivery_id: "r1" }],
  ["access.w1.key.k1", { workspace_id: "w1", key_id: "k1" }],
  ["access.w1.session.s1", { workspace_id: "w1", session_id: "s1" }],
  ["access.=operators.key.k1", { key_id: "k1" }],
  ["audit.w1.change", { workspace_id: "w1" }],
])("%s has the ids that it names", (subject, ids) => {
  expect(idsInSubject(subject)).toEqual(ids);
});

test.each([
  ["events.w1.short", { workspace_id: "w1" }],
  ["retries.due.w1.a1.7.more", { workspace_id: "w1" }],
  [
    "events.w 1.c1.a1.call_completed",
    { call_id: "c1", agent_id: "a1", event_type: "call_completed" },
  ],
  ["leases.redelivery", {}],
  ["somewhere.w1", {}],
  ["events", {}],
])(
  "%s, which is in no known form, has its workspace at most, and what is an id",
  (subject, ids) => {
    expect(idsInSubject(subject)).toEqual(ids);
  },
);

test("every stream but the one of leases is known", () => {
  const unknown = Object.values(STREAM_SUBJECTS)
    .flat()
    .filter((filter) => idsInSubject(filter.replace(">", "w1")).workspace_id === undefined);
  expect(unknown).toEqual(["leases.>"]);
});
