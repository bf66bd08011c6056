import { nanos } from "@nats-io/nats-core";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import { parseSettings } from "@ringback/runtime/settings/parse-settings";
import { commonSettings } from "@ringback/runtime/settings/settings";
import { ROLLOUT_MS } from "@ringback/runtime/streams/replaced-options";
import { wantedStreams } from "@ringback/runtime/streams/stream-config";
import { ensureStreams } from "@ringback/runtime/streams/streams";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { eventually } from "../../harness/eventually.ts";
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

/** As a process with these settings does when it starts; gives what it logs. */
const start = async (settings: Readonly<Record<string, string>>) => {
  const { log, lines } = keptLog();
  const wanted = wantedStreams(parseSettings(commonSettings, settings));
  await ensureStreams(client.jsm, wanted, { log, signal: stopped.signal });
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

/** As if the rollout had been so long ago. */
const afterMs = async (ms: number) => {
  const config = await configOfEvents();
  const text = config.metadata?.["ringback-replaced"] ?? "";
  const earlier = text.replaceAll(/:(\d{13})(?=[,}])/g, (_, at) => `:${Number(at) - ms}`);
  expect(earlier).not.toBe(text);
  const metadata = { ...config.metadata, "ringback-replaced": earlier };
  await client.jsm.streams.update(STREAMS.events, { ...config, metadata });
};

beforeEach(async () => {
  for (const name of await client.jsm.streams.names().next()) await client.jsm.streams.delete(name);
  await start(OLD);
  await start(NEW);
});

test("a process that is started again with the settings of before a rollout leaves the new limits", async () => {
  expect(await sizeAndAge()).toEqual(AS_NEW);
  const lines = await start(OLD);
  expect(await sizeAndAge()).toEqual(AS_NEW);
  const kept = lines.filter((line) => line["msg"] === "streams.newer_option_kept");
  expect(
    new Set(kept.map((line) => `${String(line["stream"])}.${String(line["option"])}`)),
  ).toEqual(new Set([`${STREAMS.events}.max_age`, `${STREAMS.events}.max_bytes`]));
});

test("whoever has a third value sets it, in a rollout too", async () => {
  await start({ ...NEW, EVENTS_MAX_BYTES: "3GiB" });
  expect(await sizeAndAge()).toEqual({ ...AS_NEW, bytes: 3 * 2 ** 30 });
  // Neither of the two before comes back.
  await start(NEW);
  await start(OLD);
  expect(await sizeAndAge()).toEqual({ ...AS_NEW, bytes: 3 * 2 ** 30 });
});

test("a change that is taken back holds once the rollout's time is over, without another start", async () => {
  await afterMs(ROLLOUT_MS - 3_000);
  await start(OLD);
  expect(await sizeAndAge()).toEqual(AS_NEW);
  await eventually(async () => expect(await sizeAndAge()).toEqual(AS_OLD));
});

test("a change that is taken back later holds at once", async () => {
  await afterMs(ROLLOUT_MS);
  await start(OLD);
  expect(await sizeAndAge()).toEqual(AS_OLD);
});

test.each(["", "{", "[]", '{"max_bytes":7}', '{"max_bytes":{"1073741824":"x"}}'])(
  "metadata that is none of ours, such as '%s', keeps nothing",
  async (text) => {
    const config = await configOfEvents();
    const metadata = { ...config.metadata, "ringback-replaced": text };
    await client.jsm.streams.update(STREAMS.events, { ...config, metadata });
    await start(OLD);
    expect(await sizeAndAge()).toEqual(AS_OLD);
  },
);
