import { expect, test } from "vitest";
import type { AttemptRecord } from "./attempt.ts";
import { DEAD_LETTER_REASONS, deadLetterSchema } from "./dead-letter.ts";

const AT = "2026-01-01T00:00:00.000Z";
const COMMON = { event_id: "evt_t85s00_7", event_seq: 7, at: AT, message: "given up" };
const IDS = {
  event_type: "call_completed" as const,
  call_id: "c1",
  agent_id: "a1",
  workspace_id: "w1",
};
const LAST: AttemptRecord = {
  event_id: COMMON.event_id,
  event_seq: 7,
  ...IDS,
  attempt: 4,
  trigger: "retry",
  at: AT,
  duration_ms: 1,
  outcome: { kind: "failed", reason: "timeout" },
  next: { kind: "dead_letter" },
};

const exhausted = { ...COMMON, ...IDS, reason: "exhausted", last_attempt: LAST };
const expired = { ...COMMON, ...IDS, reason: "event_expired" };
const invalid = {
  ...COMMON,
  reason: "invalid_event",
  subject: "events.?",
  raw: "e30=",
  truncated: false,
};

const internal = { ...COMMON, ...IDS, reason: "internal", last_attempt: LAST };
const unreadable = { reason: "internal", at: AT, message: "unreadable", subject: "retries.due.w" };

test("the reasons are a closed set, and each has its form", () => {
  expect(DEAD_LETTER_REASONS).toEqual(["exhausted", "invalid_event", "event_expired", "internal"]);
  const inSchema = deadLetterSchema.options.map(({ shape }) => shape.reason.value);
  expect(inSchema.toSorted()).toEqual(DEAD_LETTER_REASONS.toSorted());
});

test.each([exhausted, expired, invalid, internal, unreadable])(
  "$reason goes through JSON unchanged",
  (letter) => {
    expect(deadLetterSchema.parse(JSON.parse(JSON.stringify(letter)))).toEqual(letter);
    const later = { ...letter, redelivered_at: AT };
    expect(deadLetterSchema.parse(later)).toEqual(later);
  },
);

test.each<[string, object]>([
  ["another reason", { ...exhausted, reason: "blocked" }],
  ["no reason", { ...exhausted, reason: undefined }],
  ["no message for people", { ...exhausted, message: undefined }],
  ["no ids", { ...COMMON, reason: "exhausted" }],
  ["a last attempt that is no record", { ...exhausted, last_attempt: { attempt: 4 } }],
  ["no raw message, where it could not be understood", { ...invalid, raw: undefined }],
  ["no subject, where it could not be understood", { ...invalid, subject: undefined }],
  ["an id that is none", { ...internal, event_seq: 0 }],
  ["a time that is none", { ...expired, at: "" }],
])("a dead letter with %s is refused", (_what, letter) => {
  expect(deadLetterSchema.safeParse(letter).success).toBe(false);
});
