import { expect, test } from "vitest";
import { attemptRecord, deadLetter } from "../../../../test/harness/fixtures/records.ts";
import { DEAD_LETTER_REASONS, deadLetterSchema } from "./dead-letter.ts";

const AT = "2026-01-01T00:00:00.000Z";
const COMMON = { event_id: "evt_t85s00_7", event_seq: 7, at: AT, message: "given up" };
const LAST = attemptRecord({
  attempt: 4,
  outcome: { kind: "failed", reason: "timeout" },
  next: { kind: "dead_letter" },
});

const exhausted = deadLetter({ last_attempt: LAST });
const expired = deadLetter({ reason: "event_expired" });
const invalid = {
  ...COMMON,
  reason: "invalid_event",
  subject: "events.?",
  raw: "e30=",
  truncated: false,
};

const internal = { ...exhausted, reason: "internal" };
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
