import type { Server } from "@nats-io/nats-core";
import { expect, test } from "vitest";
import { reconnectOrder } from "./reconnect-order.ts";

const pool = (...names: string[]) => names.map((listen) => ({ listen }) as Server);

test("the server that was dialled longest ago comes next, each after 500 to 750 ms at the soonest", () => {
  let nowMs = 1_000_000;
  const pace = reconnectOrder({ monotonic: () => nowMs, random: () => 0.5 });
  const dial = (...names: string[]): readonly [string, number] => {
    const chosen = pace.reconnectToServer(pool(...names), null);
    if (chosen === null || !("delay" in chosen)) throw new Error("no delay");
    nowMs += chosen.delay + 1;
    return [chosen.server.listen, chosen.delay];
  };
  expect(dial("n1", "n2", "n3")).toEqual(["n1", 0]);
  nowMs += 60_000;
  expect(dial("n1", "n2", "n3")).toEqual(["n2", 0]); // the client itself would take n1 once more
  expect(dial("n2", "n3", "n1")).toEqual(["n3", 0]);
  expect(dial("n3", "n1", "n2")).toEqual(["n1", 0]);
  expect(dial("n1", "n2", "n3")).toEqual(["n2", 622]);
  nowMs += 400;
  expect(dial("n2")).toEqual(["n2", 224]);
});
