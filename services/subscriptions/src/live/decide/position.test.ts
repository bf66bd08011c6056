import { createdAt } from "@ringback/contracts/streams/stream-origin";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { positionId, positionIn } from "./position.ts";

const createdMs = fc.integer({ min: 0, max: 4_102_444_800_000 });
const origin = createdMs.map(createdAt);
const streams = fc.record({ attempts: origin, events: origin });
const seq = fc.nat({ max: 999_999_999_999_999 });
const position = fc.record({ attempts: seq, events: seq });

test("a position is read back from its id", () => {
  fc.assert(
    fc.property(position, streams, (at, made) => {
      expect(positionIn(positionId(at, made), made)).toEqual({ kind: "position", position: at });
    }),
  );
});

test("on streams that were made anew it is one of previous streams", () => {
  const made = { attempts: createdAt(1_700_000_000_000), events: createdAt(1_700_000_000_000) };
  const id = positionId({ attempts: 5, events: 7 }, made);
  for (const name of ["attempts", "events"] as const) {
    expect(positionIn(id, { ...made, [name]: createdAt(1_700_000_001_000) })).toEqual({
      kind: "previous",
    });
  }
});

test.each(["", "1", "a.1.1", "a-a.1", "a-a.1.-1", "a-a.1.1.1", "a-a.1.1 ", "A-a.1.1", "a-a.1.1e3"])(
  "'%s' is no position",
  (id) => {
    expect(positionIn(id, { attempts: createdAt(0), events: createdAt(0) })).toEqual({
      kind: "invalid",
    });
  },
);
