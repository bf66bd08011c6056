import { Buffer } from "node:buffer";
import { expect, test } from "vitest";
import { checkEvent, type EventRules } from "./event-check.ts";

const CATALOGUE: EventRules = {
  types: { kind: "catalogue", added: new Set(["kyc_done"]) },
  schema: "warn",
  isOwnType: (workspaceId, type) => workspaceId === "w1" && type === "lead_scored",
};
const OPEN: EventRules = { ...CATALOGUE, types: { kind: "open" } };

const check = (event_type: string, rules: EventRules, fields: object = {}, agentId = "a1") => {
  const body = Buffer.from(JSON.stringify({ ...fields, event_type, call_id: "c1" }));
  return checkEvent(`events.w1.c1.${agentId}.${event_type}`, body, rules);
};

test("types are those of the catalogue, the added ones, or any where the catalogue is open", () => {
  expect(check("all_processing_completed", CATALOGUE).kind).toBe("event");
  expect(check("kyc_done", CATALOGUE).kind).toBe("event");
  expect(check("lead_scored", CATALOGUE).kind).toBe("event");
  expect(check("kyc_begun", OPEN).kind).toBe("event");
  expect(check("kyc_begun", CATALOGUE)).toMatchObject({
    kind: "unknown_type",
    message: expect.stringMatching(
      /^event type 'kyc_begun' is not known: expected one of call_started, .*, kyc_done, or a type that the workspace added$/,
    ),
  });
});

test("a workspace's own type is its agent's alone, and that agent has no other", () => {
  expect(check("delivery_exhausted", OPEN, {}, "_workspace").kind).toBe("event");
  expect(check("delivery_exhausted", OPEN)).toMatchObject({
    message: "event type 'delivery_exhausted' is Ringback's own: only agent '_workspace' has it",
  });
  expect(check("call_completed", OPEN, {}, "_workspace")).toMatchObject({
    message: "event type 'call_completed' is of calls: agent '_workspace' has none of them",
  });
});

test("a value that is not expected is a warning, or refuses the event where the operator wants that", () => {
  const fields = { status: "no-answer", call_duration: [] };
  expect(check("call_completed", OPEN, fields)).toMatchObject({
    kind: "event",
    warnings: [{ path: "call_duration" }, { path: "status" }],
  });
  expect(check("call_completed", { ...OPEN, schema: "refuse" }, fields)).toMatchObject({
    kind: "warned",
    message: expect.stringMatching(/^call_duration: expected a number .*; status: expected one of/),
  });
});
