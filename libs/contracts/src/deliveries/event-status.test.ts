import { describe, expect, test } from "vitest";
import type { NextStep, Outcome } from "./attempt.ts";
import {
  EVENT_STATUSES,
  eventStatus,
  isLastWord,
  worstStatus,
  type EventFacts,
  type EventStatus,
} from "./event-status.ts";

const DELIVERED: Outcome = { kind: "delivered", status_code: 200 };
const FAILED: Outcome = { kind: "failed", reason: "status", status_code: 500 };
const CANCELLED: Outcome = { kind: "cancelled" };
const DONE: NextStep = { kind: "done" };
const RETRY: NextStep = { kind: "retry", at: "2026-01-01T00:00:10Z" };
const DEAD_LETTER: NextStep = { kind: "dead_letter" };

const NOTHING: EventFacts = {
  isDelivered: false,
  lastRecord: undefined,
  isDeadLettered: false,
  isSettled: false,
};
const last = (outcome: Outcome, next: NextStep): Partial<EventFacts> => ({
  lastRecord: { outcome, next },
});

describe("the status of an event", () => {
  test.each<readonly [string, Partial<EventFacts>, EventStatus]>([
    ["nothing is known of", {}, "pending"],
    ["the dispatcher is done with, without an attempt", { isSettled: true }, "no_subscription"],
    ["was a success", { ...last(DELIVERED, DONE), isDelivered: true }, "delivered"],
    ["waits for its next attempt", last(FAILED, RETRY), "retrying"],
    ["had its last attempt", last(FAILED, DEAD_LETTER), "dead_lettered"],
    ["lost its subscription", last(CANCELLED, DONE), "cancelled"],
    ["was a test that failed", last(FAILED, DONE), "failed"],
    ["was a success in a record that counts alone", last(DELIVERED, DONE), "delivered"],
    ["could not be understood", { isDeadLettered: true }, "dead_lettered"],
    [
      "could not be understood, and was acknowledged",
      { isDeadLettered: true, isSettled: true },
      "dead_lettered",
    ],
    [
      "was gone before its retry",
      { ...last(FAILED, RETRY), isDeadLettered: true },
      "dead_lettered",
    ],
    [
      "failed when it was sent again after a success",
      { ...last(FAILED, DEAD_LETTER), isDelivered: true },
      "delivered",
    ],
    [
      "is being sent again after a success",
      { ...last(FAILED, RETRY), isDelivered: true },
      "delivered",
    ],
    [
      "was a success before its letter of an unexpected error",
      { isDelivered: true, isDeadLettered: true },
      "delivered",
    ],
    [
      "is retried while the dispatcher is past it",
      { ...last(FAILED, RETRY), isSettled: true },
      "retrying",
    ],
  ])("of one that %s", (_, facts, expected) => {
    expect(eventStatus({ ...NOTHING, ...facts })).toBe(expected);
  });
});

describe("the status of an event with several destinations", () => {
  test.each<readonly [EventStatus, readonly EventStatus[]]>([
    ["dead_lettered", ["delivered", "retrying", "dead_lettered", "cancelled"]],
    ["failed", ["failed", "retrying", "delivered"]],
    ["retrying", ["pending", "retrying", "delivered"]],
    ["pending", ["delivered", "pending", "cancelled"]],
    ["cancelled", ["delivered", "cancelled", "delivered"]],
    ["delivered", ["no_subscription", "delivered"]],
    ["delivered", ["delivered", "delivered"]],
  ])("is %s, the worst of %j, in whatever order they come", (worst, all) => {
    expect(worstStatus(all)).toBe(worst);
    expect(worstStatus(all.toReversed())).toBe(worst);
  });

  test("is that of its destination where it has one, and unknown where it has none", () => {
    for (const status of EVENT_STATUSES) expect(worstStatus([status])).toBe(status);
    expect(worstStatus([])).toBeUndefined();
  });
});

describe("a dead letter", () => {
  const record = { at: "2026-01-01T00:00:00.500Z", duration_ms: 250.4 };

  test.each([
    [
      "of an event without any record has the last word",
      "invalid_event",
      "00.000",
      undefined,
      true,
    ],
    ["of records that are gone has the last word", "exhausted", "00.000", undefined, true],
    ["leaves what was exhausted to the record", "exhausted", "00.750", record, false],
    [
      "that came with the end of the last attempt has the last word",
      "internal",
      "00.750",
      record,
      true,
    ],
    ["that came later has the last word", "event_expired", "59.000", record, true],
    ["from before a redelivery's attempt is of the past", "internal", "00.749", record, false],
  ] as const)("%s", (_, reason, at, lastRecord, expected) => {
    const letter = { reason, at: `2026-01-01T00:00:${at}Z` };
    expect(isLastWord(letter, lastRecord)).toBe(expected);
  });
});
