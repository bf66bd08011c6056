import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { startNatsServer } from "../harness/nats/nats-server.ts";
import { startNatsCluster } from "../harness/nats/nats-cluster.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import type { Services } from "../harness/process/platform.ts";
import { killDispatcher, surviveKills } from "./kill-scene.ts";

failOnLeaks();

/** Waits until each server has all that is stored: with the next one killed, two of three have to hold it. */
const replicated = ({ client }: Services): Promise<unknown> =>
  eventually(
    async () => {
      for (const stream of ["SUBSCRIPTIONS", "EVENTS", "RETRIES", "ATTEMPTS"]) {
        const { cluster } = await client.jsm.streams.info(stream);
        expect(cluster?.replicas?.map(({ current }) => current)).toEqual([true, true]);
      }
    },
    { what: "every replica is current", timeoutMs: 30_000 },
  );

test("three nats-servers: one of them and a dispatcher killed again and again lose and double no delivery of a fan-out", async () => {
  const cluster = await startNatsCluster();
  try {
    const { problems, unrecorded, events } = await surviveKills({
      url: cluster.url,
      replicas: 3,
      seconds: 45,
      harm: async (services, nth) => {
        await wait(500);
        await killDispatcher(services);
        const node = cluster.nodes[nth % 3];
        await node?.kill();
        await wait(500);
        await node?.start();
        await replicated(services);
      },
    });
    expect(problems).toEqual([]);
    expect(unrecorded).toBeGreaterThanOrEqual(0);
    expect(unrecorded).toBeLessThan(events); // at most what was in flight at a kill
  } finally {
    await cluster.stop();
  }
}, 240_000);

test("dispatchers and nats-server killed again and again lose and double no delivery of a fan-out", async () => {
  const server = await startNatsServer();
  let kills = 0;
  try {
    const { problems, unrecorded, events } = await surviveKills({
      url: server.url,
      seconds: 15,
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
