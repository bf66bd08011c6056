import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type NatsServer, startNatsServer } from "../harness/nats/nats-server.ts";
import { startReceiver } from "../harness/receiver/receiver.ts";
import { spawnService } from "../harness/process/service-process.ts";
import { ENTRY, writeKeys } from "../harness/process/start-service.ts";

failOnLeaks();

let server: NatsServer;

beforeAll(async () => {
  server = await startNatsServer();
});

afterAll(async () => {
  await server.stop();
});

test("as soon as the service is ready a request is answered", async () => {
  const [adminPort, httpPort] = [await freePort(), await freePort()];
  const service = await spawnService({
    entry: ENTRY,
    env: {
      NATS_URL: server.url,
      API_KEYS_FILE: (await writeKeys()).file,
      ADMIN_PORT: String(adminPort),
      HTTP_PORT: String(httpPort),
    },
  });
  const statuses = await eventually(
    async () => {
      const probe = await fetch(`http://127.0.0.1:${adminPort}/readyz`);
      if (probe.status !== 200) return null;
      return [(await fetch(`http://127.0.0.1:${httpPort}/openapi.json`)).status];
    },
    // Without a pause: what is between ready and open takes milliseconds.
    { intervalMs: 0, timeoutMs: 60_000 },
  );
  expect(statuses).toEqual([200]);
  await service.stop();
}, 90_000);

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const other = await startReceiver();
  await other.stop();
  return other.port;
}
