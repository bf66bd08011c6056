import { describe, expect, test } from "vitest";
import { attemptRecord } from "../../../../test/harness/fixtures/records.ts";
import {
  attemptRecordSchema,
  FAILURE_REASONS,
  nextStepSchema,
  outcomeSchema,
  TRIGGERS,
} from "./attempt.ts";
import { METHOD_TYPES } from "../agents/subscription.ts";

const RECORD = attemptRecord({
  outcome: { kind: "failed", reason: "status", status_code: 503 },
  response: { headers: { server: "x" }, body_excerpt: "no" },
  next: { kind: "retry", at: "2026-01-01T00:00:10.012Z" },
});

const accepts = (more: object): boolean =>
  attemptRecordSchema.safeParse({ ...RECORD, ...more }).success;

test("the failure reasons are a closed set: labels and alerts are made of them", () => {
  expect(FAILURE_REASONS).toEqual([
    "status",
    "timeout",
    "connection_refused",
    "connection_reset",
    "dns",
    "tls",
    "blocked_address",
    "protocol",
    "internal",
  ]);
  for (const reason of FAILURE_REASONS) {
    expect(outcomeSchema.safeParse({ kind: "failed", reason }).success).toBe(true);
  }
  for (const reason of ["refused", "STATUS", "", undefined]) {
    expect(outcomeSchema.safeParse({ kind: "failed", reason }).success).toBe(false);
  }
});

test("the triggers are a closed set", () => {
  expect(TRIGGERS).toEqual(["event", "retry", "redelivery", "test"]);
  expect(TRIGGERS.every((trigger) => accepts({ trigger }))).toBe(true);
  expect(accepts({ trigger: "manual" })).toBe(false);
});

test("the methods are a closed set", () => {
  expect(METHOD_TYPES).toEqual(["POST", "PUT", "PATCH"]);
  expect(METHOD_TYPES.every((method) => accepts({ request: { method, url: "" } }))).toBe(true);
  expect(accepts({ request: { method: "GET", url: "" } })).toBe(false);
});

test("the kinds of outcome and of next step are closed sets", () => {
  const kinds = [outcomeSchema, nextStepSchema].map(({ options }) =>
    options.map(({ shape }) => shape.kind.value),
  );
  expect(kinds).toEqual([
    ["delivered", "failed", "cancelled"],
    ["done", "retry", "dead_letter"],
  ]);
});

describe("a record", () => {
  test("goes through JSON and the schema unchanged", () => {
    expect(attemptRecordSchema.parse(JSON.parse(JSON.stringify(RECORD)))).toEqual(RECORD);
  });

  test("keeps fields that a later version adds", () => {
    const later = { ...RECORD, signature: { id: "k1" } };
    expect(attemptRecordSchema.parse(later)).toEqual(later);
  });

  test("needs no request and no response where nothing was sent", () => {
    const { request: _request, response: _response, ...rest } = RECORD;
    const cancelled = { ...rest, outcome: { kind: "cancelled" }, next: { kind: "done" } };
    expect(attemptRecordSchema.parse(cancelled)).toEqual(cancelled);
  });

  test.each<[string, object]>([
    ["attempt 0", { attempt: 0 }],
    ["half an attempt", { attempt: 1.5 }],
    ["event sequence 0", { event_seq: 0 }],
    ["an event type that can be none", { event_type: "Call started" }],
    ["a negative duration", { duration_ms: -1 }],
    ["a time that is none", { at: "now" }],
    ["a delivered outcome without its status", { outcome: { kind: "delivered" } }],
    ["a retry without its time", { next: { kind: "retry" } }],
    ["a next step that is none", { next: { kind: "later" } }],
    ["no next step", { next: undefined }],
    ["no outcome", { outcome: undefined }],
    ["no id", { event_id: undefined }],
  ])("is refused with %s", (_what, more) => {
    expect(accepts({})).toBe(true);
    expect(accepts(more)).toBe(false);
  });
});
