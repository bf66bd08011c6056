import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type NatsServer, startNatsServer } from "../harness/nats/nats-server.ts";
import { startDispatcher } from "../system/outage/bare-dispatcher.ts";

failOnLeaks();

let server: NatsServer;

beforeAll(async () => {
  server = await startNatsServer();
});

afterAll(() => server.stop());

test("two running dispatchers count each other, and export it; a stopped one counts no more", async () => {
  const [one, two] = await Promise.all([startDispatcher(server), startDispatcher(server)]);
  const exported = async (dispatcher: typeof one): Promise<number | null> =>
    (await dispatcher.metrics()).value("ringback_dispatchers");
  await eventually(async () => {
    expect([await exported(one), await exported(two)]).toEqual([2, 2]);
  });
  await two.stop();
  expect(await exported(one)).toBe(1);
  await one.stop();
});
