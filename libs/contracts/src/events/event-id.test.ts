import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { deliveryId, eventId, eventSequence } from "./event.ts";

describe("an event's id", () => {
  const created = fc.integer({ min: 0, max: 253_402_300_799_000 }); // up to the year 9999
  const sequence = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });

  test("is found again as its sequence", () => {
    fc.assert(
      fc.property(created, sequence, (createdMs, seq) => {
        const id = eventId(createdMs, seq);
        expect(id).toMatch(/^evt_[0-9a-z]+_[0-9]+$/);
        expect(eventSequence(id, createdMs)).toBe(seq);
      }),
    );
  });

  test("of a stream that was made in another second is refused", () => {
    fc.assert(
      fc.property(created, created, sequence, (one, other, seq) => {
        fc.pre(Math.floor(one / 1_000) !== Math.floor(other / 1_000));
        expect(eventSequence(eventId(one, seq), other)).toBeUndefined();
      }),
    );
  });

  test("has the stream's age in base 36 seconds, and the sequence", () => {
    expect(eventId(Date.parse("2026-01-01T00:00:00.999Z"), 42)).toBe("evt_t85s00_42");
  });

  const createdMs = Date.parse("2026-01-01T00:00:00Z");
  test.each([
    "",
    "42",
    "evt_t85s00",
    "evt_t85s00_",
    "evt_t85s00_0",
    "evt_t85s00_-1",
    "evt_t85s00_042",
    "evt_t85s00_1.5",
    "evt_t85s00_42 ",
    "evt_T85S00_42",
    "evt_0t85s00_42",
    "evt_t85s00_9007199254740993",
    "evt_t85s00_99999999999999999999",
    "EVT_t85s00_42",
  ])("is not '%s'", (id) => {
    expect(eventSequence("evt_t85s00_42", createdMs)).toBe(42);
    expect(eventSequence(id, createdMs)).toBeUndefined();
  });
});

test("a delivery's id is a token of a subject", () => {
  expect(deliveryId(42)).toBe("42");
  expect(deliveryId(Number.MAX_SAFE_INTEGER)).toBe("9007199254740991");
});
