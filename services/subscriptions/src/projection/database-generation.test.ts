import { join } from "node:path";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import type { Nats } from "@ringback/runtime/nats/connection";
import { afterEach, beforeEach, expect, test } from "vitest";
import { eventually } from "../../../../test/harness/eventually.ts";
import { withFailingCalls, type Fault } from "../../../../test/harness/nats/failing-calls.ts";
import { keptLog } from "../../../../test/harness/kept-log.ts";
import { failOnLeaks } from "../../../../test/harness/process/leaks.ts";
import { makeTempDir } from "../../../../test/harness/temp-dir.ts";
import { startStreams, type Streams } from "../../../../test/lists/streams.ts";
import { openGeneration, type DatabaseGeneration } from "./database-generation.ts";

failOnLeaks();

let streams: Streams;
let path: string;
beforeEach(async () => {
  streams = await startStreams();
  path = join(await makeTempDir("generation"), "projection.sqlite");
});
afterEach(() => streams.stop());

/** Opens the file of these streams; `discarded` says why one that was there was not used. */
const open = async (nats: Nats = streams.nats) => {
  const { log, lines } = keptLog();
  const reported: unknown[] = [];
  const report = (error: unknown): unknown => reported.push(error);
  const generation = await openGeneration({
    nats,
    origins: streams.origins,
    path,
    now: Date.now,
    onStreamLost: report,
    onDamaged: report,
    onUnwritable: report,
    log,
  });
  const discarded = lines.map((line) => JSON.parse(line).reason).filter(Boolean);
  return { ...generation, discarded, reported };
};

const callsIn = async ({ queries }: DatabaseGeneration): Promise<string[]> =>
  (await queries.events({ workspaceId: "w1", limit: 10 })).rows.map(
    ({ address }) => address.callId,
  );

test("a file goes on where it ended, and the next one can use it only once it is closed", async () => {
  await streams.event({ callId: "c1" });
  const first = await open();
  await eventually(async () => expect(await callsIn(first)).toEqual(["c1"]));
  await expect(open()).rejects.toThrow("is in use by another process");
  await first.stop();
  await streams.event({ callId: "c2" });
  const second = await open();
  expect(second.following.events.appliedUpTo()).toBe(1);
  await eventually(async () => expect(await callsIn(second)).toEqual(["c2", "c1"]));
  expect([second.discarded, second.reported]).toEqual([[], []]);
  await second.stop();
});

test.each([
  ["of a stream that was made again", () => streams.makeAgain()],
  ["of a stream that was restored to an earlier state", () => streams.makeAgain(streams.origins)],
])("a file %s is thrown away", async (_what, restore) => {
  for (const callId of ["c1", "c2"]) await streams.event({ callId });
  const first = await open();
  await eventually(async () => expect(await callsIn(first)).toHaveLength(2));
  await first.stop();
  await streams.nats.jsm.streams.delete(STREAMS.events);
  await restore();
  await streams.event({ callId: "c3" });
  const second = await open();
  expect(second.discarded).toEqual(["of other streams"]);
  await eventually(async () => expect(await callsIn(second)).toEqual(["c3"]));
  await second.stop();
});

test.each<Fault>(["before", "after"])(
  "whichever call fails %s the server replies, everything is applied, or the file is free for another try",
  async (when) => {
    const event = await streams.event({ callId: "c1" });
    await streams.attempt(event);
    let failing = 0;
    let refusals = 0;
    let isFailed = true;
    while (isFailed) {
      failing += 1;
      isFailed = false;
      const failed = failing;
      const nats = withFailingCalls(streams.nats, (call) => {
        if (call !== failed) return undefined;
        isFailed = true;
        return when;
      });
      const generation = await open(nats).catch(() => {
        refusals += 1;
        return open();
      });
      const { following } = generation;
      await eventually(() => Object.values(following).every((one) => one.isCaughtUp()));
      expect([failing, await callsIn(generation)]).toEqual([failing, ["c1"]]);
      expect(generation.reported).toEqual([]);
      await generation.stop();
    }
    // Three states at the start; then of each stream the state, the consumer, its state and its messages.
    expect(refusals).toBe(3);
    expect(failing).toBeGreaterThan(15);
  },
);
