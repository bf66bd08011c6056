import { createLogger } from "@ringback/runtime/telemetry/logger";
import { connectNats, type Nats } from "@ringback/runtime/nats/connection";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readDispatcherSettings } from "../../services/dispatcher/src/config.ts";
import {
  joinDispatchers,
  type Membership,
} from "../../services/dispatcher/src/limits/membership.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type NatsServer, startNatsServer } from "../harness/nats/nats-server.ts";
import { startDispatcher } from "../system/outage/bare-dispatcher.ts";

failOnLeaks();

const INTERVAL_MS = 50;
const log = createLogger("test", "fatal");

let server: NatsServer;
const connections: Nats[] = [];

beforeAll(async () => {
  server = await startNatsServer();
});

afterAll(async () => {
  await Promise.all(connections.map(({ connection }) => connection.close()));
  await server.stop();
});

type Member = { readonly nats: Nats; readonly membership: Membership };

const join = async (intervalMs = INTERVAL_MS): Promise<Member> => {
  const env = { NATS_URL: server.url, ALLOW_PLAINTEXT_HEADERS: "true" };
  const nats = await connectNats(readDispatcherSettings(env), "test", log);
  connections.push(nats);
  return { nats, membership: joinDispatchers(nats, log, intervalMs) };
};

const counts = (members: readonly Member[]): number[] =>
  members.map(({ membership }) => membership.dispatchers());

/** Waits until each of them counts so many. */
const agree = (members: readonly Member[], n: number): Promise<unknown> =>
  eventually(() => expect(counts(members)).toEqual(members.map(() => n)), { intervalMs: 5 });

test("dispatchers count each other: newcomers and those that leave at once, the dead after three heartbeat intervals", async () => {
  // No heartbeat comes in this test: they know what is sent at once.
  const first = await join(3_600_000);
  expect(first.membership.dispatchers()).toBe(1);
  const second = await join(3_600_000);
  await agree([first, second], 2);
  second.membership.leave();
  await agree([first], 1);
  first.membership.leave();

  const [third, fourth] = [await join(), await join()];
  await agree([third, fourth], 2);
  await fourth.nats.connection.close(); // as if it were killed
  await agree([third], 1);
  third.membership.leave();
  fourth.membership.leave();
});

test("a dispatcher without a connection to NATS counts as before, and knows the others when it is back", async () => {
  const intervalMs = 4 * INTERVAL_MS; // longer than a server takes to be gone
  const both = [await join(intervalMs), await join(intervalMs)];
  await agree(both, 2);
  await server.kill();
  await eventually(() => both.every(({ nats }) => !nats.isConnected()));
  const awaySinceMs = performance.now();
  await eventually(() => performance.now() - awaySinceMs > 4 * intervalMs, { intervalMs });
  expect(counts(both)).toEqual([2, 2]);
  const newcomer = server.restart().then(() => join());
  await agree([...both, await newcomer], 3);
  for (const { membership } of [...both, await newcomer]) membership.leave();
});

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
