import { cp } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { byPath, status } from "../harness/receiver/behaviour.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { connectTo } from "../harness/nats/nats-client.ts";
import { type NatsServer, startNatsServer } from "../harness/nats/nats-server.ts";
import { type Platform, startPlatform } from "../harness/process/platform.ts";
import { type Receiver, startReceiver } from "../harness/receiver/receiver.ts";
import { startService } from "../harness/process/service-process.ts";
import { makeTempDir } from "../harness/temp-dir.ts";
import { drained } from "../system/outage/drained.ts";

failOnLeaks();

let platform: Platform;
let receiver: Receiver;
let restored: NatsServer | undefined;

beforeEach(async () => {
  receiver = await startReceiver(byPath({ "/fails": status(503) }));
  platform = await startPlatform({ dispatcherEnv: { RETRY_DELAYS: "2s" } });
});

afterEach(async () => {
  await platform.stop();
  await restored?.stop();
  await receiver.stop();
});

test("on a copy of a stopped server's store, what is owed is delivered and what was delivered is not sent again", async () => {
  await platform.subscribe([
    { event_type: "call_completed", callback_url: receiver.url("/calls") },
    { event_type: "recording_completed", callback_url: receiver.url("/fails") },
  ]);
  await platform.publish({ callId: "delivered" });
  const retried = await platform.publish({ callId: "retried", eventType: "recording_completed" });
  await receiver.received(1, { path: "/calls" });
  await platform.attempted(retried, 1);
  await Promise.all(platform.dispatchers.splice(0).map((dispatcher) => dispatcher.stop()));
  await platform.publish({ callId: "owed" });

  await platform.server.kill("SIGTERM");
  const storeDir = join(await makeTempDir("restored"), "store");
  await cp(platform.server.storeDir, storeDir, { recursive: true });
  receiver.setScript(status(200));
  restored = await startNatsServer({ storeDir });
  const dispatcher = await startService({
    entry: "services/dispatcher/src/main.ts",
    env: {
      NATS_URL: restored.url,
      ALLOW_INSECURE_HTTP: "true",
      ALLOWED_PRIVATE_CIDRS: "127.0.0.0/8",
      HEADER_ENCRYPTION_KEYS_FILE: platform.headerKeysFile,
      ALLOW_PLAINTEXT_HEADERS: "false",
    },
  });
  const client = await connectTo(restored);
  await receiver.received(2, { path: "/calls" });
  await receiver.received(2, { path: "/fails" });
  await drained(client);
  const calls = (path: string) =>
    receiver.requestsTo(path).map(({ body, headers }) => ({
      call: (JSON.parse(body.toString()) as { call_id: string }).call_id,
      attempt: headers["ringback-attempt"],
    }));
  expect(calls("/calls")).toEqual([
    { call: "delivered", attempt: "1" },
    { call: "owed", attempt: "1" },
  ]);
  expect(calls("/fails")).toEqual([
    { call: "retried", attempt: "1" },
    { call: "retried", attempt: "2" },
  ]);
  await client.close();
  await dispatcher.stop();
}, 120_000);
