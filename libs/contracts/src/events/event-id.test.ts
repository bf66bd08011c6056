import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { deliveryId, eventId, eventSequence } from "./event.ts";
import { createdAt } from "../streams/stream-origin.ts";

describe("an event's id", () => {
  const created = fc.integer({ min: 0, max: 253_402_300_799_000 }); // up to the year 9999
  const sequence = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });

  test("is found again as its sequence", () => {
    fc.assert(
      fc.property(created, sequence, (createdMs, seq) => {
        const id = eventId(createdAt(createdMs), seq);
        expect(id).toMatch(/^evt_[0-9a-z]+_[0-9]+$/);
        expect(eventSequence(id, createdAt(createdMs))).toBe(seq);
      }),
    );
  });

  test("of a stream that was made in another second is refused", () => {
    fc.assert(
      fc.property(created, created, sequence, (one, other, seq) => {
        fc.pre(Math.floor(one / 1_000) !== Math.floor(other / 1_000));
        expect(eventSequence(eventId(createdAt(one), seq), createdAt(other))).toBeUndefined();
      }),
    );
  });

  test("has the stream's age in base 36 seconds, and the sequence", () => {
    expect(eventId(createdAt(Date.parse("2026-01-01T00:00:00.999Z")), 42)).toBe("evt_t85s00_42");
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
    expect(eventSequence("evt_t85s00_42", createdAt(createdMs))).toBe(42);
    expect(eventSequence(id, createdAt(createdMs))).toBeUndefined();
  });
});

test("a delivery's id is a token of a subject", () => {
  expect(deliveryId(42)).toBe("42");
  expect(deliveryId(Number.MAX_SAFE_INTEGER)).toBe("9007199254740991");
});

describe("of a stream that was restored", () => {
  const CREATED = Date.parse("2026-01-01T00:00:00Z");
  const [first] = createdAt(CREATED);
  const restored = (hour: number, afterSeq: number) => ({
    atMs: CREATED + hour * 3_600_000,
    afterSeq,
  });

  test("ids up to the backup's last sequence stay, and later ones are none that were given before", () => {
    const origin = [first, restored(1, 100)] as const;
    expect(eventId(origin, 100)).toBe(eventId([first], 100));
    expect(eventId(origin, 101)).not.toBe(eventId([first], 101));
    expect(eventSequence(eventId(origin, 101), origin)).toBe(101);
    expect(eventSequence(eventId([first], 101), origin)).toBeUndefined();
  });

  test("each restore counts, also one from an older backup", () => {
    const later = [first, restored(1, 100), restored(2, 150)] as const;
    expect(eventId(later, 120)).toBe(eventId([first, restored(1, 100)], 120));
    const older = [first, restored(1, 100), restored(2, 50)] as const;
    expect(eventId(older, 50)).toBe(eventId([first], 50));
    const ids = [[first], [first, restored(1, 100)], older].map((one) =>
      eventId(one as never, 120),
    );
    expect(new Set(ids).size).toBe(3);
  });
});
