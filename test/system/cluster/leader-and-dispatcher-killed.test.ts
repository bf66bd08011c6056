import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../../harness/eventually.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { type Scene, startScene } from "../chaos/scene.ts";

failOnLeaks();

const EVENTS_PER_SECOND = 30;

let scene: Scene;

beforeAll(async () => {
  scene = await startScene({ eventsPerSecond: EVENTS_PER_SECOND });
});

afterAll(() => scene.stop());

/** Waits for so many more events to be acknowledged: what was killed is missed by then. */
const acknowledgedMore = async (n: number): Promise<void> => {
  const wanted = scene.traffic.acknowledged.length + n;
  await eventually(() => scene.traffic.acknowledged.length >= wanted, { what: `${n} more events` });
};

test("three nats-servers: the leader of EVENTS and a dispatcher killed under load lose, double and delay nothing", async () => {
  await acknowledgedMore(40);
  await scene.killDispatcher(0);
  await acknowledgedMore(10);
  const leader = scene.cluster.node(await scene.leaderOf("EVENTS"));
  await leader.kill();
  await acknowledgedMore(60);
  await leader.start();
  await scene.startDispatcher(0);
  await acknowledgedMore(30);
  const { counts, problems, unsettled } = await scene.end(45_000);
  expect(unsettled).toBeUndefined();
  expect(problems.map(({ kind, what }) => `${kind}: ${what}`)).toEqual([]);
  expect(counts.acknowledged).toBeGreaterThanOrEqual(140);
  expect(counts.deadLettered).toBeGreaterThan(0);
}, 120_000);
