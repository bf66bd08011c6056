import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../../harness/eventually.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { startNatsServer } from "../../harness/nats/nats-server.ts";
import { type Platform, startPlatform } from "../../harness/process/platform.ts";
import { type Receiver, startReceiver } from "../../harness/receiver/receiver.ts";
import { startTcpLink, type TcpLink } from "../../harness/receiver/tcp-link.ts";

failOnLeaks();

/** From the moment when nothing comes any more until everything works again. */
const BOUND_MS = 8_000;
const SILENT = "NATS does not answer";

let link: TcpLink;
let platform: Platform;
let receiver: Receiver;

beforeAll(async () => {
  const port = await freePort();
  link = await startTcpLink();
  link.setTarget(port);
  [platform, receiver] = await Promise.all([
    startPlatform({ env: { NATS_URL: `nats://127.0.0.1:${link.port}` }, nats: { port } }),
    startReceiver(),
  ]);
  await platform.subscribe([{ event_type: "call_completed", callback_url: receiver.url("/") }]);
});

afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
  await link.stop();
});

test("a connection on which nothing comes any more shows in readiness, and is left within 8 s", async () => {
  const services = [platform.subscriptions, ...platform.dispatchers];
  const fromMs = performance.now();
  link.silenceOpen();
  for (const service of services) {
    // Before that it may say that the view is old.
    await eventually(async () => expect((await service.get("/readyz")).text).toContain(SILENT));
  }
  const askedMs = performance.now();
  expect((await platform.api("GET", "/agent/v1/a1")).status).toBe(503);
  expect(performance.now() - askedMs).toBeLessThan(500);
  await Promise.all(
    services.map((service) =>
      eventually(async () => (await service.get("/readyz")).status === 200),
    ),
  );
  await platform.publish({ callId: "c1" });
  await receiver.received(1);
  expect(performance.now() - fromMs).toBeLessThan(BOUND_MS);
  expect((await platform.api("GET", "/agent/v1/a1")).status).toBe(200);
}, 60_000);

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = await startNatsServer();
  await server.stop();
  return server.port;
}
