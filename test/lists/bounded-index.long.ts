import { statSync } from "node:fs";
import { join } from "node:path";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../harness/eventually.ts";
import { keptLog } from "../harness/kept-log.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { makeTempDir } from "../harness/temp-dir.ts";
import { startStreams, type Streams } from "./streams.ts";

failOnLeaks();

const ROUNDS = 20;
const EVENTS_A_ROUND = 2_000;
const MAX_BYTES = 6 * 1024 ** 2;

let streams: Streams;
beforeAll(async () => {
  streams = await startStreams();
});
afterAll(() => streams.stop());

test("an index of a given size never outgrows it: lists forget the oldest and show the newest", async () => {
  const folder = await makeTempDir("bounded");
  const { log, lines } = keptLog();
  const projection = await streams.project({ folder, maxBytes: MAX_BYTES, log });
  const unbounded = await streams.project();
  for (let round = 0; round < ROUNDS; round += 1) {
    const calls = Array.from({ length: EVENTS_A_ROUND }, (_, n) => `c-${round}-${n}`);
    await Promise.all(calls.map((callId) => streams.event({ callId })));
    await projection.caughtUp();
    const info = await streams.nats.jsm.streams.info(STREAMS.events);
    projection.compare(STREAMS.events, info);
    await eventually(() => (projection.usedBytes() ?? Infinity) < 0.9 * MAX_BYTES, {
      what: "it has shrunk",
    });
  }
  await unbounded.caughtUp();
  expect(unbounded.usedBytes()).toBeGreaterThan(1.3 * MAX_BYTES);
  expect(projection.usedBytes()).toBeLessThan(MAX_BYTES);
  expect(statSync(join(folder, "projection.sqlite")).size).toBeLessThan(MAX_BYTES);

  const { rows } = await projection.events({ workspaceId: "w1", limit: 10 });
  expect(rows.map(({ address }) => address.callId.split("-")[1])).toEqual(
    Array(10).fill(String(ROUNDS - 1)),
  );
  const oldest = { workspaceId: "w1", limit: 1, callId: "c-0-0" };
  expect((await unbounded.events(oldest)).rows).toHaveLength(1);
  expect((await projection.events(oldest)).rows).toEqual([]);
  expect(lines.map((line) => JSON.parse(line).msg)).toContain("projection.forgets_oldest");
}, 120_000);
