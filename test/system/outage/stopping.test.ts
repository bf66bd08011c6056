import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { describe, expect, test } from "vitest";
import { eventually } from "../../harness/eventually.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { startNatsServer } from "../../harness/nats/nats-server.ts";
import { startPlatform } from "../../harness/process/platform.ts";
import { startReceiver } from "../../harness/receiver/receiver.ts";
import { standStill } from "../../harness/process/stand-still.ts";
import { spawnDispatcher, startDispatcher } from "./bare-dispatcher.ts";
import { endAfter, STOPPED, unusedPort } from "./end-after.ts";

failOnLeaks();

describe.concurrent("SIGTERM ends a dispatcher within seconds and with 0", () => {
  test("while it waits for its first connection to NATS", { timeout: 120_000 }, async () => {
    const dispatcher = await spawnDispatcher({ url: `nats://127.0.0.1:${await unusedPort()}` });
    await dispatcher.waitForLog("nats.waiting");
    expect(await endAfter(dispatcher, "SIGTERM", 8_000)).toBe(STOPPED);
  });

  test("while the NATS it connects to accepts and says nothing", { timeout: 120_000 }, async () => {
    const mute = createServer((socket) => void socket.on("error", () => {})).listen(0, "127.0.0.1");
    await once(mute, "listening");
    const { port } = mute.address() as AddressInfo;
    const dispatcher = await spawnDispatcher({ url: `nats://127.0.0.1:${port}` });
    await once(mute, "connection");
    expect(await endAfter(dispatcher, "SIGTERM", 8_000)).toBe(STOPPED);
    mute.close();
  });

  test("while NATS is away", { timeout: 120_000 }, async () => {
    const server = await startNatsServer();
    const dispatcher = await startDispatcher(server);
    await server.kill();
    await eventually(async () => (await dispatcher.get("/readyz")).status === 503);
    expect(await endAfter(dispatcher, "SIGTERM", 8_000)).toBe(STOPPED);
    await server.stop();
  });

  test("while NATS is connected and says nothing", { timeout: 120_000 }, async () => {
    const server = await startNatsServer();
    const dispatcher = await startDispatcher(server);
    await standStill(server.pid);
    expect(await endAfter(dispatcher, "SIGTERM", 15_000)).toBe(STOPPED);
    process.kill(server.pid, "SIGCONT");
    await server.stop();
  });

  test("while nothing is to be done, by SIGINT too", { timeout: 120_000 }, async () => {
    const server = await startNatsServer();
    const dispatcher = await startDispatcher(server);
    expect(await endAfter(dispatcher, "SIGINT", 8_000)).toBe(STOPPED);
    await server.stop();
  });

  test("with an attempt whose record cannot be stored", { timeout: 120_000 }, async () => {
    const receiver = await startReceiver({ kind: "late_status", status: 200, afterMs: 300 });
    const platform = await startPlatform({ dispatcherEnv: { DELIVERY_TIMEOUT: "1s" } });
    await platform.subscribe([{ event_type: "call_completed", callback_url: receiver.url("/") }]);
    await platform.publish({ callId: "c1" });
    await receiver.received(1);
    await platform.server.kill();
    // It hopes for NATS as long as the deadline of an attempt and ten seconds more.
    for (const dispatcher of platform.dispatchers) {
      expect(await endAfter(dispatcher, "SIGTERM", 17_000)).toBe(STOPPED);
    }
    await Promise.all([platform.stop(), receiver.stop()]);
  });
});
