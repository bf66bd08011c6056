import { DiscardPolicy } from "@nats-io/jetstream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseSettings } from "@ringback/runtime/settings/parse-settings";
import { commonSettings } from "@ringback/runtime/settings/settings";
import { wantedStreams } from "@ringback/runtime/streams/stream-config";
import { ensureStreams } from "@ringback/runtime/streams/streams";
import { createLogger } from "@ringback/runtime/telemetry/logger";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { connectTo, type NatsClient } from "../../harness/nats/nats-client.ts";
import { startNatsServer, type NatsServer } from "../../harness/nats/nats-server.ts";

failOnLeaks();

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

const FILLER = "x".repeat(1_000);
const ensure = (sizes: Readonly<Record<string, string>>) => {
  const wanted = wantedStreams(parseSettings(commonSettings, sizes));
  return ensureStreams(client.jsm, wanted, {
    log: createLogger("test", "fatal"),
    signal: AbortSignal.timeout(9_000),
  });
};
const stateOf = async (stream: string) => (await client.jsm.streams.info(stream)).state;

test("a limit that is set below what is stored deletes no configuration, and refuses what comes", async () => {
  await ensure({});
  // As a release before this one made it.
  const { config } = await client.jsm.streams.info("SUBSCRIPTIONS");
  await client.jsm.streams.update("SUBSCRIPTIONS", { ...config, discard: DiscardPolicy.Old });
  for (let n = 0; n < 20; n += 1) await client.js.publish("subscriptions.w1.a1", FILLER);
  await ensure({ SUBSCRIPTIONS_MAX_BYTES: "5KiB" });
  expect((await stateOf("SUBSCRIPTIONS")).messages).toBe(20);
  await expect(client.js.publish("subscriptions.w2.a1", FILLER)).rejects.toThrow(/maximum bytes/);
  expect((await stateOf("SUBSCRIPTIONS")).messages).toBe(20);
  await ensure({});
  expect((await client.js.publish("subscriptions.w2.a1", FILLER)).seq).toBe(21);
});

test("configuration that is full keeps no record of an attempt and no dead letter out, nor do these", async () => {
  const sizes = { ATTEMPTS_MAX_BYTES: "5KiB", DEAD_LETTERS_MAX_BYTES: "5KiB" };
  await ensure({ ...sizes, SUBSCRIPTIONS_MAX_BYTES: "1KiB" });
  for (let n = 1; n <= 20; n += 1) {
    const attempt = await client.js.publish(`attempts.w1.c.a.call_completed.${n}`, FILLER);
    const letter = await client.js.publish(`dead_letters.w1.a.call_completed.${n}`, FILLER);
    expect([attempt.seq, letter.seq]).toEqual([n, n]);
  }
  for (const stream of ["ATTEMPTS", "DEAD_LETTERS"]) {
    const { first_seq, last_seq, bytes } = await stateOf(stream);
    expect({ last_seq, hasDroppedTheOldest: first_seq > 1, isBounded: bytes <= 5_120 }).toEqual({
      last_seq: 20,
      hasDroppedTheOldest: true,
      isBounded: true,
    });
  }
});
