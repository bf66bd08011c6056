import { Buffer } from "node:buffer";
import { expect, test } from "vitest";
import { attemptFacts } from "./attempt-facts.ts";

const RECORD = {
  workspace_id: "w1",
  trigger: "event",
  request: { method: "POST", url: "https://a.example.com:8443/hooks/1" },
  outcome: { kind: "failed", reason: "status", status_code: 500 },
};
const factsOf = (more: object) => attemptFacts(Buffer.from(JSON.stringify({ ...RECORD, ...more })));

test("a record says whose endpoint it is and whether the attempt failed", () => {
  const facts = { workspaceId: "w1", endpoint: "https://a.example.com:8443" };
  expect(factsOf({})).toEqual({ ...facts, hasFailed: true });
  expect(factsOf({ outcome: { kind: "delivered", status_code: 200 } })).toEqual({
    ...facts,
    hasFailed: false,
  });
});

test.each([
  ["nothing was sent", { outcome: { kind: "cancelled" }, request: undefined }],
  ["a person tried it out", { trigger: "test" }],
  ["there is no URL", { request: { method: "POST", url: "" } }],
  ["there is no workspace", { workspace_id: undefined }],
  ["the outcome is not known here", { outcome: { kind: "postponed" } }],
])("it says nothing of an endpoint where %s", (_what, more) => {
  expect(factsOf(more)).toBeUndefined();
});

test.each(["", "null", "[]", '"text"', "{", "{}", '{"outcome":null,"request":null}'])(
  "a message that is no record says nothing: %s",
  (text) => {
    expect(attemptFacts(Buffer.from(text))).toBeUndefined();
  },
);
