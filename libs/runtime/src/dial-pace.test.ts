import type { Server } from "@nats-io/nats-core";
import { expect, test } from "vitest";
import { dialPace } from "./dial-pace.ts";

const server = (listen: string) => ({ listen }) as Server;

test("a server is dialled again after 500 to 750 ms at the soonest, another one at once", () => {
  let nowMs = 1_000_000;
  const pace = dialPace({ monotonic: () => nowMs, chance: () => 0.5 });
  const delayOf = (...pool: string[]): number => {
    const chosen = pace.reconnectToServer(pool.map(server), null);
    if (chosen === null || !("delay" in chosen)) throw new Error("no delay");
    expect(chosen.server).toEqual(server(pool[0] ?? ""));
    return chosen.delay;
  };
  expect(delayOf("n1", "n2")).toBe(0);
  expect(delayOf("n2", "n1")).toBe(0);
  expect(delayOf("n1", "n2")).toBe(625);
  nowMs += 625; // when that one is dialled
  expect(delayOf("n2", "n1")).toBe(0);
  nowMs += 400;
  expect(delayOf("n1", "n2")).toBe(225);
  nowMs += 60_000;
  expect(delayOf("n1")).toBe(0);
});
