import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type BulkScene, LONG_AGO, recordsOfJob, startBulkScene } from "./bulk-scene.ts";

failOnLeaks();

/** `make redelivery-load` takes 20,000. */
const DEAD_LETTERS = Number(process.env["REDELIVERIES"] ?? 600);

let scene: BulkScene;
beforeAll(async () => {
  scene = await startBulkScene();
});
afterAll(() => scene.stop());

/** SIGKILL in the middle of the job, then a new process. */
const killAfter = async (n: number): Promise<void> => {
  await eventually(() => scene.deliveredAgain().size >= n, {
    what: `${n} of ${DEAD_LETTERS} are delivered again`,
    timeoutMs: 120_000,
    intervalMs: 5,
  });
  await scene.apis.pop()!.kill();
  await scene.startApi();
};

test(
  `${DEAD_LETTERS} dead letters are redelivered exactly once each, though the API is killed twice meanwhile`,
  { timeout: 300_000 },
  async () => {
    await scene.makeDeadLetters("bulk", DEAD_LETTERS);
    scene.mendEndpoint();
    const startedMs = performance.now();
    const asked = { since: LONG_AGO, status: "dead_lettered", rate_per_second: 1_000 };
    const { redelivery_id: id } = await scene.create(asked);
    await killAfter(DEAD_LETTERS * 0.2);
    await killAfter(DEAD_LETTERS * 0.6);
    const job = await scene.settled(id, "done", 240_000);
    const tookSeconds = (performance.now() - startedMs) / 1_000;
    console.log(`${DEAD_LETTERS} redelivered in ${tookSeconds.toFixed(1)} s, two kills included`);
    const counts = { found: DEAD_LETTERS, sent: DEAD_LETTERS, skipped: 0 };
    expect(job).toMatchObject({ ...counts, delivered: DEAD_LETTERS, failed: 0, cancelled: 0 });
    const requests = scene.deliveredAgain();
    expect(requests.size).toBe(DEAD_LETTERS);
    expect([...requests.values()].filter((times) => times !== 1)).toEqual([]);
    const records = await recordsOfJob(scene, id);
    expect(records.size).toBe(DEAD_LETTERS);
    expect([...records.values()].filter((n) => n !== 1)).toEqual([]);
  },
);
