import { Buffer } from "node:buffer";
import { expect, test } from "vitest";
import { attemptSignals } from "./attempt-signals.ts";

const RECORD = {
  workspace_id: "w1",
  trigger: "event",
  request: { method: "POST", url: "https://a.example.com:8443/hooks/1" },
  outcome: { kind: "failed", reason: "status", status_code: 500 },
};
const signalsOf = (more: object) =>
  attemptSignals(Buffer.from(JSON.stringify({ ...RECORD, ...more })));

const origin = { workspaceId: "w1", endpoint: "https://a.example.com:8443", scope: "origin" };
const destination = { ...origin, endpoint: `${origin.endpoint}/hooks/1`, scope: "destination" };
const failed = (more: object) => ({ outcome: { kind: "failed", ...more } });

test("an answer says of a destination whether it failed, and of its origin that it is there", () => {
  const isThere = { ...origin, hasFailed: false };
  expect(signalsOf({})).toEqual([{ ...destination, hasFailed: true }, isThere]);
  expect(signalsOf({ outcome: { kind: "delivered", status_code: 200 } })).toEqual([
    { ...destination, hasFailed: false },
    isThere,
  ]);
});

test.each(["dns", "connection_refused", "connection_reset", "tls", "blocked_address"])(
  "%s is the failure of the origin, and of no destination",
  (reason) => {
    expect(signalsOf(failed({ reason }))).toEqual([{ ...origin, hasFailed: true }]);
  },
);

test("a deadline is the destination's failure, a connection that does not come about the origin's", () => {
  expect(signalsOf(failed({ reason: "timeout", detail: "no answer in time" }))).toEqual([
    { ...destination, hasFailed: true },
  ]);
  expect(signalsOf(failed({ reason: "timeout", detail: "ETIMEDOUT" }))).toEqual([
    { ...origin, hasFailed: true },
  ]);
});

test.each([
  ["nothing was sent", { outcome: { kind: "cancelled" }, request: undefined }],
  ["a person tried it out", { trigger: "test" }],
  ["there is no URL", { request: { method: "POST", url: "" } }],
  ["there is no workspace", { workspace_id: undefined }],
  ["the outcome is not known here", { outcome: { kind: "postponed" } }],
])("it says nothing of an endpoint where %s", (_what, more) => {
  expect(signalsOf(more)).toEqual([]);
});

test.each(["", "null", "[]", '"text"', "{", "{}", '{"outcome":null,"request":null}'])(
  "a message that is no record says nothing: %s",
  (text) => {
    expect(attemptSignals(Buffer.from(text))).toEqual([]);
  },
);
