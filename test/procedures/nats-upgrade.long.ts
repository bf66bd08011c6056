import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type Scene, startScene } from "../system/chaos/scene.ts";
import { caughtUp } from "./caught-up.ts";

failOnLeaks();

const EVENTS_PER_SECOND = 20;
/** The least that nats-server takes, so that the test ends soon; its default is two minutes. */
const LAME_DUCK = 'lame_duck_duration: "30s"\nlame_duck_grace_period: "3s"';

let scene: Scene;
beforeAll(async () => {
  scene = await startScene({
    eventsPerSecond: EVENTS_PER_SECOND,
    cluster: { serverConfig: LAME_DUCK },
  });
});
afterAll(() => scene.stop());

const acknowledgedMore = async (n: number): Promise<void> => {
  const wanted = scene.traffic.acknowledged.length + n;
  await eventually(() => scene.traffic.acknowledged.length >= wanted, { what: `${n} more events` });
};

test("three nats-servers are replaced one by one under load, each in lame duck mode: nothing is lost, doubled or delayed", async () => {
  for (const node of scene.cluster.nodes) {
    await acknowledgedMore(20);
    await node.kill("SIGUSR2");
    await acknowledgedMore(20); // two of three go on
    await node.start();
    await caughtUp(scene.client);
  }
  await acknowledgedMore(20);
  const { counts, problems, unsettled } = await scene.end(60_000);
  console.log("upgrade node by node", JSON.stringify(counts));
  expect(unsettled).toBeUndefined();
  expect(problems.map(({ kind, what }) => `${kind}: ${what}`)).toEqual([]);
  expect(counts.acknowledged).toBeGreaterThanOrEqual(140);
}, 300_000);
