import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { describe, expect, test } from "vitest";
import { eventually } from "../../harness/eventually.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { startNatsServer } from "../../harness/nats/nats-server.ts";
import { startPlatform } from "../../harness/process/platform.ts";
import { startReceiver } from "../../harness/receiver/receiver.ts";
import { type ServiceProcess, spawnService } from "../../harness/process/service-process.ts";
import { standStill } from "../../harness/process/stand-still.ts";
import { ENTRY, startOn, writeKeys } from "../../harness/process/start-service.ts";
import { endAfter, STOPPED, unusedPort } from "./end-after.ts";

failOnLeaks();

describe.concurrent("SIGTERM ends the subscriptions service within seconds and with 0", () => {
  test("while it waits for its first connection to NATS", { timeout: 120_000 }, async () => {
    const service = await spawnOn(await unusedPort());
    await service.waitForLog("nats.waiting");
    expect(await endAfter(service, "SIGTERM", 8_000)).toBe(STOPPED);
  });

  test("while the NATS it connects to accepts and says nothing", { timeout: 120_000 }, async () => {
    const mute = createServer((socket) => void socket.on("error", () => {})).listen(0, "127.0.0.1");
    await once(mute, "listening");
    const { port } = mute.address() as AddressInfo;
    const service = await spawnOn(port);
    await once(mute, "connection");
    expect(await endAfter(service, "SIGTERM", 8_000)).toBe(STOPPED);
    mute.close();
  });

  test("while NATS is away", { timeout: 120_000 }, async () => {
    const server = await startNatsServer();
    const { service } = await startOn(server);
    await server.kill();
    await eventually(async () => (await service.get("/readyz")).status === 503);
    expect(await endAfter(service, "SIGTERM", 8_000)).toBe(STOPPED);
    await server.stop();
  });

  test("while NATS is connected and says nothing", { timeout: 120_000 }, async () => {
    const server = await startNatsServer();
    const { service } = await startOn(server);
    await standStill(server.pid);
    expect(await endAfter(service, "SIGTERM", 10_000)).toBe(STOPPED);
    process.kill(server.pid, "SIGCONT");
    await server.stop();
  });

  test("while nothing is to be done, by SIGINT too", { timeout: 120_000 }, async () => {
    const server = await startNatsServer();
    const { service } = await startOn(server);
    expect(await endAfter(service, "SIGINT", 8_000)).toBe(STOPPED);
    await server.stop();
  });

  test(
    "with a test event at an endpoint that hangs, which is answered",
    { timeout: 120_000 },
    async () => {
      const receiver = await startReceiver({ kind: "hang" });
      const platform = await startPlatform();
      await platform.subscribe([{ event_type: "call_completed", callback_url: receiver.url("/") }]);
      const body = { event_type: "call_completed" };
      const answer = platform.api("POST", "/agent/v1/a1/test-event", body);
      await receiver.received(1);
      expect(await endAfter(platform.subscriptions, "SIGTERM", 8_000)).toBe(STOPPED);
      expect(await answer).toMatchObject({ status: 202, body: { attempt: null } });
      await Promise.all([platform.stop(), receiver.stop()]);
    },
  );
});

const spawnOn = async (port: number): Promise<ServiceProcess> =>
  spawnService({
    entry: ENTRY,
    env: { NATS_URL: `nats://127.0.0.1:${port}`, API_KEYS_FILE: (await writeKeys()).file },
  });
