import { afterAll, beforeAll, expect, test } from "vitest";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { eventually } from "../harness/eventually.ts";
import { makeTempDir } from "../harness/temp-dir.ts";
import { passes } from "../harness/time-passes.ts";
import { mountSmallDisk, type SmallDisk } from "../system/chaos/full-disk.ts";
import { type Scene, startScene } from "../system/chaos/scene.ts";
import { caughtUp } from "./caught-up.ts";

failOnLeaks();

const DISK_MIB = 256;
const FULL_FOR_MS = 10_000;

const mounts = process.platform === "linux" && process.getuid?.() === 0;
const skipped = mounts ? "" : " (skipped: it mounts a small disk, which needs root on Linux)";

let scene: Scene;
let disk: SmallDisk;
beforeAll(async () => {
  if (!mounts) return;
  disk = await mountSmallDisk(DISK_MIB);
  const others = await Promise.all([makeTempDir("nats-store"), makeTempDir("nats-store")]);
  scene = await startScene({
    eventsPerSecond: 20,
    cluster: { storeDirs: [disk.path, ...others] },
  });
});
afterAll(async () => {
  if (!mounts) return;
  await scene.stop();
  disk.unmount();
});

const acknowledgedMore = async (n: number): Promise<void> => {
  const wanted = scene.traffic.acknowledged.length + n;
  await eventually(() => scene.traffic.acknowledged.length >= wanted, { what: `${n} more events` });
};

test.skipIf(!mounts)(
  `two disks of three are lost, one after the other, and one is full and freed: nothing is lost or doubled${skipped}`,
  async () => {
    const [full, ...lost] = scene.cluster.nodes;
    for (const node of lost) {
      await acknowledgedMore(20);
      await node.wipe();
      await acknowledgedMore(20);
      await node.start();
      await caughtUp(scene.client);
    }
    await disk.fill();
    const before = scene.traffic.acknowledged.length;
    await passes(FULL_FOR_MS);
    const meanwhile = scene.traffic.acknowledged.length - before;
    disk.empty();
    // Its streams stay read-only until it is started anew.
    await full?.start();
    await caughtUp(scene.client);
    await acknowledgedMore(20);
    const { counts, problems, unsettled } = await scene.end(60_000);
    console.log("disks", JSON.stringify({ meanwhile, ...counts }));
    expect(unsettled).toBeUndefined();
    expect(problems.map(({ kind, what }) => `${kind}: ${what}`)).toEqual([]);
  },
  300_000,
);
