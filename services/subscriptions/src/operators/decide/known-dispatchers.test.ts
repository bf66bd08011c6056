import { expect, test } from "vitest";
import {
  afterHeard,
  running,
  startedAtMs,
  type Heard,
  type KnownDispatchers,
} from "./known-dispatchers.ts";

const heard = (id: string, atMs: number, hasLeft = false): Heard => ({
  id,
  atMs,
  hasLeft,
  version: "1.2.3",
  process: "host/7",
  inFlight: 3,
});

const after = (...all: readonly Heard[]): KnownDispatchers =>
  all.reduce(afterHeard, new Map() as KnownDispatchers);

const idsAt = (known: KnownDispatchers, nowMs: number): string[] =>
  running(known, nowMs).map(({ id }) => id);

test("a dispatcher runs from its first message until it leaves, or has not been heard for three heartbeats", () => {
  const known = after(heard("b", 0), heard("a", 1_000), heard("b", 2_000));
  expect(idsAt(known, 2_000)).toEqual(["a", "b"]);
  expect(idsAt(known, 8_500)).toEqual(["b"]);
  expect(idsAt(known, 9_100)).toEqual([]);
  expect(idsAt(afterHeard(known, heard("b", 3_000, true)), 3_000)).toEqual(["a"]);
  expect(running(known, 2_000)[1]).toMatchObject({ atMs: 2_000, version: "1.2.3", inFlight: 3 });
});

test("however many ids send messages, no more than a thousand are kept", () => {
  const flood = Array.from({ length: 3_000 }, (_, n) => heard(`d${n}`, n / 1_000));
  const known = after(...flood.slice(0, 1_000), ...flood.slice(2_990));
  expect(known.size).toBe(1_000);
  expect(idsAt(afterHeard(known, heard("d0", 5)), 5)).toContain("d0");
});

test("an id tells when its dispatcher started", () => {
  // The example of RFC 9562, A.6.
  const startedMs = startedAtMs("017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  expect(startedMs).toBe(Date.parse("2022-02-22T14:22:22-05:00"));
  expect(startedAtMs("dispatcher-7")).toBeUndefined();
});
