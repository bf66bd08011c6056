import { createLogger } from "@ringback/runtime/telemetry/logger";
import { connectNats, type Nats } from "@ringback/runtime/nats/connection";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readDispatcherSettings } from "../../services/dispatcher/src/config.ts";
import { joinDispatchers, type Presence } from "../../services/dispatcher/src/limits/membership.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type NatsServer, startNatsServer } from "../harness/nats/nats-server.ts";
import { startDispatcher } from "../system/outage/bare-dispatcher.ts";

failOnLeaks();

const TURN_MS = 50;
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

type Member = { readonly nats: Nats; readonly presence: Presence };

const join = async (turnMs = TURN_MS): Promise<Member> => {
  const env = { NATS_URL: server.url, ALLOW_PLAINTEXT_HEADERS: "true" };
  const nats = await connectNats(readDispatcherSettings(env), "test", log);
  connections.push(nats);
  return { nats, presence: joinDispatchers(nats, log, turnMs) };
};

const counts = (members: readonly Member[]): number[] =>
  members.map(({ presence }) => presence.dispatchers());

/** Waits until each of them counts so many. */
const agree = (members: readonly Member[], n: number): Promise<unknown> =>
  eventually(() => expect(counts(members)).toEqual(members.map(() => n)), { intervalMs: 5 });

test("dispatchers count each other: newcomers and those that leave at once, the dead after three turns", async () => {
  // A turn of theirs never comes in this test: what they know is what is said at once.
  const first = await join(3_600_000);
  expect(first.presence.dispatchers()).toBe(1);
  const second = await join(3_600_000);
  await agree([first, second], 2);
  second.presence.leave();
  await agree([first], 1);
  first.presence.leave();

  const [third, fourth] = [await join(), await join()];
  await agree([third, fourth], 2);
  await fourth.nats.connection.close(); // as if it were killed
  await agree([third], 1);
  third.presence.leave();
  fourth.presence.leave();
});

test("whoever lost its connection to NATS counts as before, and hears of the others when it is back", async () => {
  const turnMs = 4 * TURN_MS; // longer than a server takes to be gone
  const both = [await join(turnMs), await join(turnMs)];
  await agree(both, 2);
  await server.kill();
  await eventually(() => both.every(({ nats }) => !nats.isConnected()));
  const awaySinceMs = performance.now();
  await eventually(() => performance.now() - awaySinceMs > 4 * turnMs, { intervalMs: turnMs });
  expect(counts(both)).toEqual([2, 2]);
  const newcomer = server.restart().then(() => join());
  await agree([...both, await newcomer], 3);
  for (const { presence } of [...both, await newcomer]) presence.leave();
});

test("two dispatchers that run know of each other, and export it; the one that stops counts no more", async () => {
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
