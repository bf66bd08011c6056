import { STREAMS, type StreamName } from "@ringback/contracts/streams/subjects";
import { createLogger } from "@ringback/runtime/telemetry/logger";
import { parseSettings } from "@ringback/runtime/settings/parse-settings";
import { commonSettings } from "@ringback/runtime/settings/settings";
import { wantedStreams } from "@ringback/runtime/streams/stream-config";
import { ensureStreams } from "@ringback/runtime/streams/streams";
import { afterAll, beforeAll, expect, test } from "vitest";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { connectTo, type NatsClient } from "../../harness/nats/nats-client.ts";
import { type NatsServer, startNatsServer } from "../../harness/nats/nats-server.ts";
import { spawnService } from "../../harness/process/service-process.ts";
import { ENTRY, writeKeys } from "../../harness/process/start-service.ts";
import { spawnDispatcher } from "./bare-dispatcher.ts";

failOnLeaks();

const ALL = Object.values(STREAMS);
const log = createLogger("test", "fatal");
const wanted = wantedStreams(parseSettings(commonSettings, {}));
const never = new AbortController().signal;

let server: NatsServer;
let client: NatsClient;

beforeAll(async () => {
  server = await startNatsServer();
  client = await connectTo(server);
});

afterAll(async () => {
  await client.close();
  await server.stop();
});

const start = (recreate: readonly StreamName[] = [], some = wanted) =>
  ensureStreams(client.jsm, some, { log, signal: never, recreate });

const deleteAll = async (): Promise<void> => {
  for (const name of await client.jsm.streams.names().next()) await client.jsm.streams.delete(name);
};

test("whichever stream is lost, a start refuses to hide it, and makes it on the operator's word", async () => {
  await deleteAll();
  await start();
  for (const name of ALL) {
    await client.jsm.streams.delete(name);
    await expect(start()).rejects.toThrow(`stream ${name} was deleted: what it held is lost`);
    await expect(start()).rejects.toThrow(`MAKE_LOST_STREAMS=${name}`);
    expect((await start([name])).has(name)).toBe(true);
    expect((await start()).size).toBe(ALL.length);
  }
});

test("a start takes no stream for lost that another one makes while it looks at them", async () => {
  await deleteAll();
  const others = Promise.withResolvers<unknown>();
  let looks = 0;
  // Between the first look and the second, another start makes all of them.
  const lookingSlowly = {
    info: async (name: string) => {
      looks += 1;
      if (looks === 2) others.resolve(start());
      if (looks > 1) await others.promise;
      return client.jsm.streams.info(name);
    },
  };
  const streams: unknown = Object.setPrototypeOf(lookingSlowly, client.jsm.streams);
  const jsm = Object.create(client.jsm, { streams: { value: streams } }) as NatsClient["jsm"];
  expect((await ensureStreams(jsm, wanted, { log, signal: never })).size).toBe(ALL.length);
  expect(looks).toBeGreaterThan(ALL.length);
});

test("all but one are lost, and the last one tells", async () => {
  await deleteAll();
  await start();
  for (const name of ALL.slice(1)) await client.jsm.streams.delete(name);
  await expect(start()).rejects.toThrow(`MAKE_LOST_STREAMS=${ALL.slice(1).toSorted().join(",")} `);
});

test("a start that was killed half-way and an upgrade that adds a stream go on by themselves", async () => {
  await deleteAll();
  // Half-way: nothing is noted yet.
  for (const stream of wanted.slice(0, 4)) await client.jsm.streams.add(stream);
  expect((await start([], wanted.slice(0, 8))).size).toBe(8);
  expect((await start()).size).toBe(ALL.length);
  await client.jsm.streams.delete("REDELIVERIES");
  await expect(start()).rejects.toThrow("stream REDELIVERIES was deleted");
  // The version before knows nothing of the stream, and goes on.
  expect((await start([], wanted.slice(0, 8))).size).toBe(8);
  await expect(start()).rejects.toThrow("stream REDELIVERIES was deleted");
});

test("both services end with one clear error at each start, and begin with the setting", async () => {
  await deleteAll();
  await start();
  await client.jsm.streams.delete("DEAD_LETTERS");
  const env = { NATS_URL: server.url, API_KEYS_FILE: (await writeKeys()).file };
  for (const service of [
    await spawnDispatcher(server),
    await spawnService({ entry: ENTRY, env }),
  ]) {
    expect(await service.exited).toEqual({ code: 1, signal: null });
    const fatal = service.logs.filter(({ level }) => level === "fatal").map(({ msg }) => msg);
    expect(fatal).toEqual([expect.stringContaining("stream DEAD_LETTERS was deleted")]);
  }
  const word = { MAKE_LOST_STREAMS: "DEAD_LETTERS" };
  const dispatcher = await spawnDispatcher(server, word);
  await dispatcher.waitForLog("listening");
  await dispatcher.stop();
}, 60_000);
