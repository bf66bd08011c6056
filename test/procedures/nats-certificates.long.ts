import type { NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { headerKey } from "../harness/header-keys.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { makeTestCa } from "../harness/receiver/tls.ts";
import { replaceFile } from "../harness/temp-dir.ts";
import { type SecuredNats, startSecuredNats } from "../security/nats-privileges/secured-nats.ts";
import { caOf, type SecuredPlatform, startSecuredPlatform } from "./secured-platform.ts";

failOnLeaks();

let nats: SecuredNats;
let platform: SecuredPlatform;
let producer: NatsConnection | undefined;

beforeAll(async () => {
  nats = await startSecuredNats();
  platform = await startSecuredPlatform(nats, { keys: [headerKey("k1")] });
});
afterAll(async () => {
  await producer?.close();
  await platform.stop();
  await nats.stop();
});

/** An event, published by a client that trusts this CA. */
const deliveredBy = async (callId: string, ca: string): Promise<void> => {
  producer = await nats.connectAs("producer", { tls: { ca } });
  await platform.delivered(callId, producer);
  await producer.close();
};

/** Every service connects anew, and so checks the certificate that the server has by now. */
const reconnected = async (): Promise<void> => {
  const seen = platform.services.map(({ logs }) => logs.length);
  await nats.restart();
  await Promise.all(
    platform.services.map((one, n) => one.waitForLog("nats.connected", { from: seen[n] ?? 0 })),
  );
};

test("the CA and the certificate of NATS are replaced with a bundle of both, a reload, and no service started again", async () => {
  const [oldCa, next] = [caOf(nats), await makeTestCa("Ringback test CA 2")];
  const pids = platform.services.map(({ pid }) => pid);
  await deliveredBy("old", oldCa);

  // 1. Clients trust both.
  await replaceFile(nats.files.ca, `${oldCa}\n${next.caPem}\n`);
  // 2. The server has the new certificate for new connections; those that are there stay.
  const seen = platform.services.map(({ logs }) => logs.length);
  const { certPem, keyPem } = await next.issue({ hostname: "localhost" });
  await replaceFile(nats.files.cert, certPem);
  await replaceFile(nats.files.key, keyPem);
  await nats.reload();
  await expect(nats.connectAs("producer", { tls: { ca: oldCa } })).rejects.toThrow(/certificate/);
  await deliveredBy("reloaded", next.caPem);
  const lost = platform.services.flatMap(({ logs }, n) =>
    logs.slice(seen[n]).filter(({ msg }) => msg === "nats.disconnected"),
  );
  expect(lost).toEqual([]);
  await reconnected();
  await deliveredBy("both", next.caPem);
  // 3. Clients trust the new one alone.
  await replaceFile(nats.files.ca, next.caPem);
  await reconnected();
  await deliveredBy("new", next.caPem);

  expect(platform.services.map(({ pid }) => pid)).toEqual(pids);
  const calls = platform.receiver.requests.map(
    ({ body }) => (JSON.parse(body.toString()) as { call_id: string }).call_id,
  );
  expect(calls).toEqual(["old", "reloaded", "both", "new"]);
});
