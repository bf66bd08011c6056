import { endpointSubject } from "@ringback/contracts/streams/endpoint-subject";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../harness/eventually.ts";
import { endpointId, endpointMessage, richEndpoint } from "../harness/fixtures/endpoints.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import { startReceiver, type Receiver } from "../harness/receiver/receiver.ts";
import { storeEndpoint } from "./stored-endpoints.ts";

failOnLeaks();

const WORKSPACES = 1_000;
const PER_WORKSPACE = 50;
const STARTED_WITHIN_MS = 5_000;
/** What they take is measured beside `endpoint-entries.ts`; the rest is garbage of the start. */
const MAX_GROWTH_BYTES = 256 * 1024 ** 2;
const EVENTS = 20;

let platform: Platform;
let receiver: Receiver;
beforeAll(async () => {
  [platform, receiver] = await Promise.all([startPlatform({ dispatchers: 1 }), startReceiver()]);
});
afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

const storeAll = async (): Promise<void> => {
  for (let workspace = 0; workspace < WORKSPACES; workspace += 1) {
    await Promise.all(
      Array.from({ length: PER_WORKSPACE }, (_, n) => {
        const one = richEndpoint(workspace, workspace * PER_WORKSPACE + n);
        const at = { workspaceId: one.workspace_id, endpointId: one.endpoint_id };
        return platform.client.js.publish(
          endpointSubject(at),
          JSON.stringify(endpointMessage(one)),
        );
      }),
    );
  }
};

/** Replaces the dispatcher; how long its start took. */
const restartedMs = async (): Promise<number> => {
  const [before] = platform.dispatchers.splice(0, 1);
  await before?.stop();
  const startedMs = performance.now();
  platform.dispatchers.push(await platform.startDispatcher());
  return performance.now() - startedMs;
};

/** The slowest of a few events, from its publishing to its arrival. */
const slowestMs = async (path: string): Promise<number> => {
  let slowest = 0;
  for (let n = 1; n <= EVENTS; n += 1) {
    const startedMs = performance.now();
    await platform.publish({ callId: `${path.slice(1)}-${n}` });
    await receiver.received(n, { path });
    slowest = Math.max(slowest, performance.now() - startedMs);
  }
  return slowest;
};

test(
  `${WORKSPACES * PER_WORKSPACE} endpoints take little memory and no time that an event would notice`,
  { timeout: 180_000 },
  async () => {
    const [before] = platform.dispatchers;
    await storeEndpoint(platform.client, endpointId(1_000_000), { url: receiver.url("/few") });
    await receiverKnown(1);
    await slowestMs("/few");
    const few = await before!.rssBytes();
    await storeAll();
    await storeEndpoint(platform.client, endpointId(1_000_000), { url: receiver.url("/many") });
    // The shortest of a few starts: other work on the machine only lengthens one.
    const startMs = [await restartedMs(), await restartedMs(), await restartedMs()];
    expect(Math.min(...startMs)).toBeLessThan(STARTED_WITHIN_MS);
    await receiverKnown(WORKSPACES * PER_WORKSPACE + 1);
    const slowest = await slowestMs("/many");
    expect(slowest).toBeLessThan(100);
    const grown = (await platform.dispatchers[0]!.rssBytes()) - few;
    expect(grown).toBeLessThan(MAX_GROWTH_BYTES);
  },
);

const receiverKnown = (count: number) =>
  eventually(async () => {
    const metrics = await platform.dispatchers[0]!.metrics();
    return metrics.value("ringback_endpoints") === count;
  });
