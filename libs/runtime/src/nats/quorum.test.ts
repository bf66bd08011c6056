import { nanos } from "@nats-io/nats-core";
import { expect, test } from "vitest";
import { hasQuorum } from "./quorum.ts";

const replica = (silentMs: number, offline = false) => ({
  name: "n",
  current: true,
  lag: 0,
  active: nanos(silentMs),
  offline,
});

const there = replica(900);
const silent = replica(3_000);
const away = replica(10, true);

test("a stream on one server has a quorum", () => {
  expect(hasQuorum(undefined)).toBe(true);
  expect(hasQuorum({})).toBe(true);
  expect(hasQuorum({ replicas: [] })).toBe(true);
});

test("a stream without a leader has none, whatever its servers last heard", () => {
  expect(hasQuorum({ replicas: [there, there, there] })).toBe(false);
  expect(hasQuorum({ leader: "", replicas: [there, there] })).toBe(false);
});

test("a replica that the leader has never heard is not there", () => {
  const unheard = { ...replica(0), current: false };
  expect(hasQuorum({ leader: "n0", replicas: [unheard, unheard] })).toBe(false);
  expect(hasQuorum({ leader: "n0", replicas: [unheard, there] })).toBe(true);
});

test.for([
  [[there, there], true],
  [[there, silent], true],
  [[there, away], true],
  [[silent, silent], false],
  [[away, silent], false],
  [[replica(2_999), away], true],
  [[there], true],
  [[silent], false], // of two replicas both are needed
  [[there, there, silent, silent], true],
  [[there, silent, silent, silent], false],
] as const)("a leader that sees the others as %j has a quorum: %s", ([replicas, expected]) => {
  expect(hasQuorum({ leader: "n0", replicas: [...replicas] })).toBe(expected);
});
