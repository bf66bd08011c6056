import { Buffer } from "node:buffer";
import { expect, test } from "vitest";
import { attemptRecord } from "../../../../test/harness/fixtures/records.ts";
import type { AttemptRecord } from "./attempt.ts";
import { eventMessage, readEvent } from "../events/event.ts";
import {
  exhaustedEvent,
  exhaustedOperation,
  invalidOperation,
  invalidEventNotice,
  operationSchema,
  type EndpointOperation,
} from "./operation.ts";
import { OPERATION_KINDS } from "../streams/operation-subjects.ts";

const RECORD = attemptRecord({
  attempt: 4,
  request: { method: "POST", url: "https://crm.example.com/hooks/secret-path" },
  outcome: { kind: "failed", reason: "status", status_code: 503, detail: "no" },
  response: { body_excerpt: "a customer's text" },
  next: { kind: "dead_letter" },
});

const TOLD = {
  kind: "delivery.exhausted",
  workspace_id: "w1",
  at: "2026-01-01T00:00:00.012Z",
  event_id: "evt_t85s00_7",
  event_seq: 7,
  event_type: "call_completed",
  call_id: "c1",
  agent_id: "a1",
  delivery_id: "7-again",
  attempts: 4,
  endpoint: "https://crm.example.com",
  reason: "status",
  status_code: 503,
};

test("of a delivery that is given up it tells whose, how often, where and why, and nothing that was said", () => {
  expect(exhaustedOperation(RECORD, "7-again")).toEqual(TOLD);
});

test("a delivery that met no answer has no status, and one without a request no endpoint", () => {
  const { request: _request, ...unsent } = RECORD;
  const record: AttemptRecord = { ...unsent, outcome: { kind: "failed", reason: "timeout" } };
  const { endpoint: _endpoint, status_code: _status, ...rest } = TOLD;
  expect(exhaustedOperation(record, "7-again")).toEqual({ ...rest, reason: "timeout" });
});

test("the workspace is told the same by an event that its agent could be sent", () => {
  const event = exhaustedEvent(exhaustedOperation(RECORD, "7-again"));
  const message = eventMessage({ ...event!.address, body: event!.body });
  expect(message.subject).toBe("events.w1.c1._workspace.delivery_exhausted");
  expect(readEvent(message.subject, message.body)).toMatchObject({ kind: "event" });
  expect(JSON.parse(Buffer.from(message.body).toString())).toEqual({
    event_type: "delivery_exhausted",
    workspace_id: "w1",
    call_id: "c1",
    agent_id: "_workspace",
    delivery: {
      event_id: "evt_t85s00_7",
      event_type: "call_completed",
      agent_id: "a1",
      delivery_id: "7-again",
      attempts: 4,
      given_up_at: "2026-01-01T00:00:00.012Z",
      endpoint: "https://crm.example.com",
      reason: "status",
      status_code: 503,
    },
  });
});

test("no event tells of the delivery of such an event: it would tell of itself for ever", () => {
  const own: AttemptRecord = {
    ...RECORD,
    agent_id: "_workspace",
    event_type: "delivery_exhausted",
  };
  expect(exhaustedEvent(exhaustedOperation(own, "9"))).toBeUndefined();
});

const ENDPOINT = {
  workspace_id: "w1",
  at: "2026-01-01T00:00:00.000Z",
  endpoint: "https://crm.example.com",
  attempts: 12,
  failed: 9,
  window_seconds: 300,
};
const FAILING: EndpointOperation = {
  kind: "endpoint.failing",
  ...ENDPOINT,
  threshold_percent: 70,
};
const RECOVERED: EndpointOperation = {
  kind: "endpoint.recovered",
  ...ENDPOINT,
  failing_since: "2026-01-01T00:00:00.000Z",
};

test("each kind that has a subject has a schema, which keeps what later versions add", () => {
  const letter = { event_id: "evt_1_9", event_seq: 9, at: ENDPOINT.at, message: "is none" };
  const invalid = invalidOperation({ ...letter, subject: "events.w1.c1.a1.kyc_begun" });
  const all = [exhaustedOperation(RECORD, "7"), invalid!, FAILING, RECOVERED];
  expect(all.map(({ kind }) => kind)).toEqual(OPERATION_KINDS);
  for (const one of all) {
    expect(operationSchema.parse({ ...one, added: 1 })).toEqual({ ...one, added: 1 });
  }
});

test("a share that is no news is refused", () => {
  expect(operationSchema.safeParse({ ...FAILING, threshold_percent: 60 }).success).toBe(false);
});

test("what was no event is told by what its subject says, and never about the telling itself", () => {
  const letter = { event_id: "evt_1_9", event_seq: 9, at: RECORD.at, message: "is none" };
  const told = (subject: string) => invalidOperation({ ...letter, subject });
  expect(told("events.w1.too.many.tokens.a1.call_completed")).toEqual({
    kind: "event.invalid",
    workspace_id: "w1",
    ...letter,
  });
  expect(told("events.a b.c.d.e")).toBeUndefined();
  const own = told("events.w1.c1._workspace.delivery_exhausted");
  expect(own && invalidEventNotice(own)).toBeUndefined();
});
