import { expect, test } from "vitest";
import { auditedIds, idsInPath } from "./audited-ids.ts";

test("ids of path, body and response are found, the first that there is of each", () => {
  const path = { agent_id: "a1" };
  const body = { agent_id: "other", event_type: "call_completed", url: "https://a.example.com" };
  const response = { endpoint_id: "ep_4q2f7xk3mzt5b6ya", workspace_id: "acme" };
  expect(auditedIds(path, body, response)).toEqual({
    agent_id: "a1",
    event_type: "call_completed",
    endpoint_id: "ep_4q2f7xk3mzt5b6ya",
  });
});

test.each([
  ["a key", { agent_id: "rb_k1_secret" }],
  ["a session", { session_id: "rbs_k1_secret" }],
  ["a signing secret", { key_id: "whsec_abc" }],
  ["a text", { agent_id: "what a secret this is" }],
  ["a URL", { endpoint_id: "https://crm.example.com/?token=1" }],
  ["a long text", { agent_id: "a".repeat(129) }],
  ["a list", { event_type: ["a", "b"] }],
  ["an object", { agent_id: { toString: "a" } }],
  ["nothing", null],
  ["a text as a body", "agent_id"],
])("%s in place of an id is not repeated", (_what, body) => {
  expect(auditedIds(body)).toEqual({});
});

test("a call id may have any visible characters", () => {
  expect(auditedIds({ call_id: "c.42/7" })).toEqual({ call_id: "c.42/7" });
});

test("the name in the path of an event type is the type", () => {
  const params = { name: "kyc_done" };
  expect(auditedIds(idsInPath(params, "/ca/api/v0/event-types/:name"))).toEqual({
    event_type: "kyc_done",
  });
  expect(auditedIds(idsInPath(undefined, "/ca/api/v0/audit"))).toEqual({});
});
