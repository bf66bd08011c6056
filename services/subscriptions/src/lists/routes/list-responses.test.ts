import { expect, test } from "vitest";
import { callerIn } from "../../../../../test/harness/callers.ts";
import {
  ADDRESS,
  attemptRecord,
  deadLetter,
  exhaustedBy,
} from "../../../../../test/harness/fixtures/records.ts";
import type { EventRow } from "../../projection/projection.ts";
import { attemptRowResponse, deadLetterRowResponse, eventRowResponse } from "./list-responses.ts";

const AT = "2026-01-01T00:00:00.000Z";
const AT_MS = Date.parse(AT);

const ROW: EventRow = {
  seq: 7,
  address: ADDRESS,
  storedAtMs: AT_MS,
  sizeBytes: 827,
  isTest: false,
  status: "retrying",
  attempts: 2,
  lastAttemptAtMs: AT_MS + 1_000,
  lastStatusCode: 503,
  destination: "https://example.com/hook",
  nextAttemptAtMs: AT_MS + 60_000,
};

const OF_EVENT = { event_type: "call_completed", call_id: "c1", agent_id: "a1" };

const VIEWER = callerIn("w1");

test("a row of an event has its id in place of its sequence, and times instead of milliseconds", () => {
  expect(eventRowResponse(ROW, (seq) => `evt_${seq}`)).toEqual({
    event_id: "evt_7",
    ...OF_EVENT,
    stored_at: AT,
    size_bytes: 827,
    trigger: "event",
    status: "retrying",
    attempt_count: 2,
    last_attempt_at: "2026-01-01T00:00:01.000Z",
    last_status_code: 503,
    destination: "https://example.com/hook",
    next_attempt_at: "2026-01-01T00:01:00.000Z",
  });
});

test("what an event does not have yet is null, and a test event is one", () => {
  const row = {
    ...ROW,
    isTest: true,
    lastAttemptAtMs: undefined,
    lastStatusCode: undefined,
    destination: undefined,
    nextAttemptAtMs: undefined,
  };
  expect(eventRowResponse(row, String)).toMatchObject({
    trigger: "test",
    last_attempt_at: null,
    last_status_code: null,
    destination: null,
    next_attempt_at: null,
  });
});

test("a row of an attempt names its event and its delivery, and no field that stays internal", () => {
  const record = { ...attemptRecord(), dispatcher: "d1" };
  const row = attemptRowResponse({ seq: 3, deliveryId: "7-r1", record }, VIEWER);
  expect(row).toEqual({
    event_id: record.event_id,
    ...OF_EVENT,
    delivery_id: "7-r1",
    attempt: 1,
    trigger: "event",
    at: AT,
    duration_ms: 12.5,
    request: { method: "POST", url: "https://example.com/hook" },
    outcome: { kind: "delivered", status_code: 200 },
    next: { kind: "done" },
  });
});

test("a row of a dead letter has its last attempt", () => {
  const last = attemptRecord({ attempt: 4, next: { kind: "dead_letter" } });
  expect(deadLetterRowResponse(exhaustedBy(last), VIEWER)).toMatchObject({
    event_id: last.event_id,
    ...OF_EVENT,
    reason: "exhausted",
    last_attempt: { attempt: 4, delivery_id: "7" },
  });
  expect(deadLetterRowResponse(deadLetter(), VIEWER).last_attempt).toBeNull();
});

test("a row of a dead letter leaves out the raw message", () => {
  const row = deadLetterRowResponse(
    {
      reason: "invalid_event",
      event_id: "evt_7",
      event_seq: 7,
      at: AT,
      message: "not JSON",
      subject: "events.w1.c1.a1.call_completed",
      raw: "eA==",
      truncated: false,
    },
    VIEWER,
  );
  expect(row).toEqual({
    event_id: "evt_7",
    ...OF_EVENT,
    reason: "invalid_event",
    at: AT,
    message: "not JSON",
    last_attempt: null,
  });
});
