import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { retryMessage } from "../../../../test/harness/fixtures/records.ts";
import { TRIGGERS } from "./attempt.ts";
import { EVENT_TYPES } from "../events/event-types.ts";
import {
  readableParts,
  readDue,
  readRetry,
  retryHeaders,
  type RetryMessage,
} from "./retry-message.ts";

const AGENT = { workspaceId: "w1", agentId: "a1" };
const RETRY = retryMessage();

/** Like the headers of a message: names without regard to case, "" for a missing one. */
const headersOf = (retry: RetryMessage, more: Readonly<Record<string, string>> = {}) => {
  const all = [...retryHeaders(retry), ...Object.entries(more)];
  const byName = new Map(all.map(([name, value]) => [name.toLowerCase(), value]));
  return (name: string): string => byName.get(name.toLowerCase()) ?? "";
};

test("what is written into the headers of a retry is read from them", () => {
  const id = fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/);
  const time = fc.integer({ min: 0, max: Date.parse("9999-12-31T23:59:59.999Z") });
  const whole = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
  const retries: fc.Arbitrary<RetryMessage> = fc.record({
    address: fc.record({
      workspaceId: id,
      agentId: id,
      callId: id,
      eventType: fc.constantFrom(...EVENT_TYPES),
    }),
    eventSeq: whole,
    deliveryId: id,
    attempt: whole,
    dueMs: time,
    deferrals: fc.nat(),
    postponedSinceMs: fc.option(time, { nil: undefined }),
    trigger: fc.option(fc.constantFrom(...TRIGGERS), { nil: undefined }),
    redeliveryId: fc.option(id, { nil: undefined }),
    waitsFor: fc.option(fc.integer({ min: 1 }), { nil: undefined }),
  });
  fc.assert(
    fc.property(retries, (retry) => {
      expect(readRetry(retry.address, headersOf(retry))).toEqual({ kind: "retry", retry });
    }),
  );
});

test("when a retry is due can be read alone; what says no time says so", () => {
  expect(readDue(headersOf(RETRY))).toBe(RETRY.dueMs);
  for (const text of ["", "soon"]) {
    expect(readDue(headersOf(RETRY, { "Ringback-Due": text }))).toBeUndefined();
  }
});

test("all headers carry our prefix and fit into one line each", () => {
  for (const [name, value] of retryHeaders(RETRY)) {
    expect(name).toMatch(/^Ringback-[A-Za-z-]+$/);
    expect(value).toMatch(/^[\x21-\x7e]+$/);
  }
});

test("a retry that does not say how often it was put off was never put off", () => {
  const read = readRetry(AGENT, headersOf(RETRY, { "Ringback-Deferrals": "" }));
  expect(read).toEqual({ kind: "retry", retry: RETRY });
});

test("a retry of a version that did not count unexpected errors has met none", () => {
  expect(retryHeaders(RETRY).map(([name]) => name)).not.toContain("Ringback-Held-Since");
  const read = readRetry(AGENT, headersOf(RETRY));
  expect(read.kind === "retry" ? read.retry.postponedSinceMs : read).toBeUndefined();
});

test("a retry says how many of its attempts take no place in the schedule, if there are any", () => {
  const retry = { ...RETRY, extraAttempts: 2 };
  expect(readRetry(AGENT, headersOf(retry))).toEqual({ kind: "retry", retry });
  expect(retryHeaders(RETRY).map(([name]) => name)).not.toContain("Ringback-Extra-Attempts");
  const broken = headersOf(RETRY, { "Ringback-Extra-Attempts": "-1" });
  expect(readRetry(AGENT, broken).kind).toBe("invalid");
});

test("what is right in the headers of a broken retry can be read by itself", () => {
  const broken = headersOf(RETRY, { "Ringback-Attempt": "x" });
  expect(readRetry(AGENT, broken).kind).toBe("invalid");
  const whole = { eventSeq: 7, callId: "c1", eventType: "call_completed" };
  expect(readableParts(broken)).toEqual(whole);
  expect(readableParts(headersOf(RETRY, { "Ringback-Event-Seq": "0" }))).toEqual({
    callId: "c1",
    eventType: "call_completed",
  });
  expect(readableParts(headersOf({ ...RETRY, redeliveryId: "job-1" }))).toEqual({
    ...whole,
    redeliveryId: "job-1",
  });
  expect(readableParts(() => "")).toEqual({});
});

describe("headers that are broken are refused with the header, its value and what is wrong", () => {
  test.each([
    ["Ringback-Event-Seq", ["", "0", "-1", "1.5", "x", "0x10", "1e3", " 7", "99999999999999999"]],
    ["Ringback-Attempt", ["", "0", "-1", "1.5", "two", "2 "]],
    ["Ringback-Due", ["", "tomorrow", "1767225610", "2026-01-01", "2026-13-01T00:00:00Z"]],
    ["Ringback-Delivery-Id", ["", "a.b", "*", "7 "]],
    ["Ringback-Call-Id", ["", "a b", "ü"]],
    ["Ringback-Event-Type", ["", "call.started", "toString"]],
    ["Ringback-Deferrals", ["-1", "1.5", "x"]],
    ["Ringback-Held-Since", ["now", "0", "2026-13-01T00:00:00Z"]],
  ])("%s", (name, values) => {
    for (const value of values) {
      const read = readRetry(AGENT, headersOf(RETRY, { [name]: value }));
      const message = expect.stringMatching(`^headers of a retry: ${name} '.*': .`);
      expect({ value, ...read }).toEqual({ value, kind: "invalid", message });
    }
  });

  test("all together", () => {
    const read = readRetry(AGENT, () => "");
    const message = read.kind === "invalid" ? read.message : "";
    const names = retryHeaders(RETRY).map(([name]) => name);
    const unnamed = names.filter((name) => !message.includes(name));
    expect(unnamed).toEqual(["Ringback-Deferrals"]);
  });
});

test("a retry carries where its first trace began; garbage there is as if there were none", () => {
  const trace = { traceId: "a".repeat(32), spanId: "b".repeat(16), isSampled: true, state: "v=1" };
  const retry = { ...RETRY, trace };
  expect(readRetry(AGENT, headersOf(retry))).toEqual({ kind: "retry", retry });
  const broken = headersOf(RETRY, { traceparent: "00-nothing-of-the-kind-01" });
  expect(readRetry(AGENT, broken)).toEqual({ kind: "retry", retry: RETRY });
});

test("a message of a version that knew no redeliveries says nothing of them, and is read as before", () => {
  const names = retryHeaders(RETRY).map(([name]) => name);
  expect(names).not.toContain("Ringback-Trigger");
  expect(names).not.toContain("Ringback-Redelivery-Id");
  expect(readRetry(AGENT, headersOf(RETRY))).toEqual({ kind: "retry", retry: RETRY });
});

test("a trigger that does not exist is named", () => {
  const read = readRetry(AGENT, headersOf(RETRY, { "Ringback-Trigger": "whim" }));
  expect(read).toMatchObject({ message: expect.stringContaining("Ringback-Trigger 'whim'") });
});
