import { Buffer } from "node:buffer";
import type { DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import { assert, nat, property, uint8Array } from "fast-check";
import { expect, test } from "vitest";
import { fittedDeadLetter } from "./dead-letter.ts";

const letterWith = (bytes: Uint8Array): DeadLetter & { reason: "invalid_event" } => ({
  reason: "invalid_event",
  event_id: "evt_1",
  event_seq: 1,
  at: new Date(0).toISOString(),
  message: "the body is not JSON: ä",
  subject: "events.w1.c1.a1.call_completed",
  raw: Buffer.from(bytes).toString("base64"),
  truncated: false,
});

const sizeOf = (letter: DeadLetter): number => Buffer.byteLength(JSON.stringify(letter));

test("a letter fits whatever the limit is, with as many of the message's first bytes as there is room for", () => {
  const emptySize = sizeOf(letterWith(new Uint8Array()));
  assert(
    property(uint8Array({ maxLength: 2_000 }), nat(3_000), (bytes, room) => {
      const maxBytes = emptySize + room;
      const letter = letterWith(bytes);
      const fitted = fittedDeadLetter(letter, maxBytes);
      if (fitted.reason !== "invalid_event") throw new Error("another reason");
      expect(sizeOf(fitted)).toBeLessThanOrEqual(maxBytes);
      const kept = Buffer.from(fitted.raw, "base64");
      expect(kept).toEqual(Buffer.from(bytes.subarray(0, kept.length)));
      expect(fitted.truncated).toBe(kept.length < bytes.length);
      expect(!fitted.truncated || sizeOf(fitted) > maxBytes - 6).toBe(true);
    }),
  );
});

test("a letter of a delivery that does not fit is kept without its last attempt", () => {
  const { raw: _raw, truncated: _truncated, ...common } = letterWith(new Uint8Array());
  const letter = { ...common, reason: "internal", last_attempt: { at: "x".repeat(500) } };
  const fitted = fittedDeadLetter(letter as unknown as DeadLetter, 400);
  expect(fitted).toEqual({ ...common, reason: "internal" });
});
