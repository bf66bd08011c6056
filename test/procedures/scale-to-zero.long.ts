import { afterAll, beforeAll, expect, test } from "vitest";
import { connectTo, type NatsClient } from "../harness/nats/nats-client.ts";
import { type NatsServer, startNatsServer } from "../harness/nats/nats-server.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type Services, startServices } from "../harness/process/platform.ts";
import { headerKey, writeHeaderKeys } from "../harness/header-keys.ts";
import { inTurn, status } from "../harness/receiver/behaviour.ts";
import { type Receiver, startReceiver } from "../harness/receiver/receiver.ts";
import { settled } from "../harness/settled.ts";

failOnLeaks();

const EVENTS = 30;

let server: NatsServer;
let receiver: Receiver;
let services: Services | undefined;
let client: NatsClient;
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  [server, receiver] = await Promise.all([
    startNatsServer(),
    startReceiver(inTurn(status(503), status(200))),
  ]);
  client = await connectTo(server);
  env = {
    RETRY_DELAYS: "1s,1s",
    HEADER_ENCRYPTION_KEYS_FILE: await writeHeaderKeys([headerKey("k1")]),
  };
});
afterAll(async () => {
  await services?.stop();
  await client.close();
  await Promise.all([receiver.stop(), server.stop()]);
});

test("an installation that is scaled to zero, or taken away and put there again, delivers all that came meanwhile, once", async () => {
  services = await startServices(server, { env });
  const before = services;
  await before.subscribe([{ event_type: "call_completed", callback_url: receiver.url("/calls") }]);
  // Its first attempt fails, and its retry becomes due while nobody is there.
  await before.publish({ callId: "retried" });
  await receiver.received(1);
  // As the pods end: both services get SIGTERM, and finish what is in flight.
  const exits = await Promise.all(
    [before.subscriptions, ...before.dispatchers].map((service) => service.stop()),
  );
  expect(exits.map(({ code }) => code)).toEqual([0, 0]);
  for (let n = 0; n < EVENTS; n += 1) await before.publish({ callId: `meanwhile-${n}` });
  await before.stop();
  expect(receiver.requests).toHaveLength(1);

  services = await startServices(server, { env });
  await settled(client, { timeoutMs: 60_000 });
  const calls = receiver.requests.map(
    ({ body }) => (JSON.parse(body.toString()) as { call_id: string }).call_id,
  );
  const meanwhile = Array.from({ length: EVENTS }, (_, n) => `meanwhile-${n}`);
  expect(calls.toSorted()).toEqual(["retried", "retried", ...meanwhile].toSorted());
}, 120_000);
