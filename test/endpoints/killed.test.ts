import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { startNatsServer } from "../harness/nats/nats-server.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { killDispatcher, surviveKills } from "./kill-scene.ts";

failOnLeaks();

test("dispatchers and nats-server killed again and again lose and double no delivery of a fan-out", async () => {
  const server = await startNatsServer();
  let kills = 0;
  try {
    const { problems, unrecorded, events } = await surviveKills({
      url: server.url,
      seconds: 5,
      harm: async (services, nth) => {
        await wait(300);
        await killDispatcher(services);
        if (nth % 3 === 1) {
          await server.kill();
          await server.restart();
          await services.client.reconnected();
        }
        kills += 1;
      },
    });
    expect(kills).toBeGreaterThanOrEqual(2);
    expect(problems).toEqual([]);
    expect(unrecorded).toBeGreaterThanOrEqual(0);
    expect(unrecorded).toBeLessThan(events); // at most what was in flight at a kill
  } finally {
    await server.stop();
  }
}, 120_000);
