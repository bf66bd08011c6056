import { nanos } from "@nats-io/nats-core";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import { parseSettings } from "@ringback/runtime/settings/parse-settings";
import { commonSettings } from "@ringback/runtime/settings/settings";
import { wantedStreams } from "@ringback/runtime/streams/stream-config";
import { ensureStreams } from "@ringback/runtime/streams/streams";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { keptLog } from "../../harness/kept-log.ts";
import { connectTo, type NatsClient } from "../../harness/nats/nats-client.ts";
import { type NatsServer, startNatsServer } from "../../harness/nats/nats-server.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";

failOnLeaks();

let server: NatsServer;
let client: NatsClient;
const stopped = new AbortController();

beforeAll(async () => {
  server = await startNatsServer();
  client = await connectTo(server);
});
afterAll(async () => {
  stopped.abort();
  await client.close();
  await server.stop();
});

const OLD = { EVENTS_MAX_BYTES: "1GiB", EVENTS_MAX_AGE: "7d" };
const NEW = { EVENTS_MAX_BYTES: "2GiB", EVENTS_MAX_AGE: "3d" };

/** As a process with these settings does when it starts on this host; gives what it logs. */
const start = async (host: string, settings: Readonly<Record<string, string>>) => {
  const { log, lines } = keptLog();
  const wanted = wantedStreams(parseSettings(commonSettings, settings));
  const precedence = host === "api" ? "yields" : { process: `dispatcher@${host}` };
  await ensureStreams(client.jsm, wanted, { log, signal: stopped.signal, precedence });
  return lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
};

const configOfEvents = async () => (await client.jsm.streams.info(STREAMS.events)).config;

const sizeAndAge = async () => {
  const { max_bytes: bytes, max_age: age } = await configOfEvents();
  return { bytes, age };
};

const DAY_MS = 86_400_000;
const AS_NEW = { bytes: 2 * 2 ** 30, age: nanos(3 * DAY_MS) };
const AS_OLD = { bytes: 2 ** 30, age: nanos(7 * DAY_MS) };

beforeEach(async () => {
  for (const name of await client.jsm.streams.names().next()) await client.jsm.streams.delete(name);
  await start("pod-of-before", OLD);
  await start("pod-of-the-rollout", NEW);
});

test("a process that is started again with the settings of before a rollout leaves the new limits", async () => {
  expect(await sizeAndAge()).toEqual(AS_NEW);
  for (const host of ["pod-of-before", "api"]) {
    const lines = await start(host, OLD);
    expect(await sizeAndAge()).toEqual(AS_NEW);
    const kept = lines.filter((line) => line["msg"] === "streams.newer_option_kept");
    expect(
      new Set(kept.map((line) => `${String(line["stream"])}.${String(line["option"])}`)),
    ).toEqual(new Set([`${STREAMS.events}.max_age`, `${STREAMS.events}.max_bytes`]));
  }
});

test.each([
  ["in new pods", "pod-of-the-rollback"],
  ["on the machine that had the change", "pod-of-the-rollout"],
])("a change that is taken back %s holds at once", async (_, host) => {
  await start(host, OLD);
  expect(await sizeAndAge()).toEqual(AS_OLD);
  // Those that still have the change are started again.
  await start("api", NEW);
  expect(await sizeAndAge()).toEqual(AS_OLD);
});

test("whoever has a third value sets it, and neither of the two before comes back", async () => {
  const third = { ...AS_NEW, bytes: 3 * 2 ** 30 };
  await start("pod-of-before", { ...NEW, EVENTS_MAX_BYTES: "3GiB" });
  expect(await sizeAndAge()).toEqual(third);
  await start("pod-of-the-rollout", NEW);
  await start("api", OLD);
  expect(await sizeAndAge()).toEqual(third);
});

test("what people set by hand is set right by the next start, whoever starts", async () => {
  for (const host of ["pod-of-the-rollout", "api"]) {
    const config = await configOfEvents();
    await client.jsm.streams.update(STREAMS.events, { ...config, max_bytes: 7_000_000 });
    await start(host, NEW);
    expect(await sizeAndAge()).toEqual(AS_NEW);
  }
});

test("of very many processes the latest are known, and metadata stays small", async () => {
  for (let n = 0; n < 110; n += 1) await start(`pod-${n}`, NEW);
  const { config } = await client.jsm.streams.info(STREAMS.subscriptions);
  expect(JSON.parse(config.metadata?.["ringback-started"] ?? "")).toHaveLength(100);
  expect(JSON.stringify(config.metadata).length).toBeLessThan(8_000);
});

test.each(["", "{", "[]", '{"max_bytes":7}', '{"max_bytes":[7]}', "[[1]]"])(
  "metadata that is none of ours, such as '%s', keeps nothing",
  async (text) => {
    for (const [name, key] of [
      [STREAMS.events, "ringback-replaced"],
      [STREAMS.subscriptions, "ringback-started"],
    ] as const) {
      const { config } = await client.jsm.streams.info(name);
      const metadata = { ...config.metadata, [key]: text };
      await client.jsm.streams.update(name, { ...config, metadata });
    }
    await start("pod-of-before", OLD);
    expect(await sizeAndAge()).toEqual(AS_OLD);
  },
);
