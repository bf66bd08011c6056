import type { NatsConnection, Subscription } from "@nats-io/nats-core";
import { connectNats, type Nats } from "@ringback/runtime/nats/connection";
import { createLogger } from "@ringback/runtime/telemetry/logger";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { eventually } from "../../../../test/harness/eventually.ts";
import { failOnLeaks } from "../../../../test/harness/process/leaks.ts";
import { startNatsServer, type NatsServer } from "../../../../test/harness/nats/nats-server.ts";
import { startTcpLink, type TcpLink } from "../../../../test/harness/receiver/tcp-link.ts";
import { readDispatcherSettings } from "../config.ts";
import { joinDispatchers, type Membership } from "./membership.ts";

failOnLeaks();

const INTERVAL_MS = 50;
/** No heartbeat comes in a test: what dispatchers know, they were told at once. */
const NO_HEARTBEAT_MS = 3_600_000;
const log = createLogger("test", "silent");

let server: NatsServer;
let link: TcpLink;
const connections: NatsConnection[] = [];

beforeAll(async () => {
  [server, link] = await Promise.all([startNatsServer(), startTcpLink()]);
  link.setTarget(server.port);
});

afterEach(async () => {
  await Promise.all(connections.splice(0).map((connection) => connection.close()));
});

afterAll(async () => {
  await Promise.all([link.stop(), server.stop()]);
});

type Member = { readonly nats: Nats; readonly membership: Membership };

const connect = async (url = server.url): Promise<Nats> => {
  const env = { NATS_URL: url, ALLOW_PLAINTEXT_HEADERS: "true" };
  const nats = await connectNats(readDispatcherSettings(env), "test", log);
  connections.push(nats.connection);
  return nats;
};

const join = async (intervalMs = INTERVAL_MS): Promise<Member> => {
  const nats = await connect();
  return { nats, membership: joinDispatchers(nats, log, { intervalMs }) };
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

/** What a dispatcher does on NATS, in its order: by the text, where it publishes. */
const CALLS = ["subscribe 1", "subscribe 2", "hello", "here", "unsubscribe", "gone"];

type Fault = { readonly call: string; readonly when: "before" | "after" };

/** The connection, which `cut` ends at the first such call: before it, or once the server has it. */
const failing = (connection: NatsConnection, { call, when }: Fault, cut: () => void) => {
  let isOver = false;
  let subscriptions = 0;
  const around = <T>(name: string, work: () => T): T => {
    if (name !== call || isOver) return work();
    isOver = true;
    if (when === "before") cut();
    const result = work();
    if (when === "after") void connection.flush().then(cut);
    return result;
  };
  const calls: Partial<NatsConnection> = {
    publish: (subject, text, options) =>
      around(String(text), () => connection.publish(subject, text, options)),
    subscribe: (...wanted): Subscription => {
      subscriptions += 1;
      const made = around(`subscribe ${subscriptions}`, () => connection.subscribe(...wanted));
      const unsubscribe = made.unsubscribe.bind(made);
      made.unsubscribe = () => around("unsubscribe", unsubscribe);
      return made;
    },
    status: () => connection.status(),
  };
  return Object.assign(Object.create(connection) as NatsConnection, calls);
};

/** Resolves once the connection is lost and there again, and the server has all that was said of that. */
const backAgain = async (connection: NatsConnection): Promise<void> => {
  for await (const { type } of connection.status()) if (type === "reconnect") break;
  await Promise.resolve();
  await connection.flush();
};

const FAULTS = CALLS.flatMap((call) => [
  { call, when: "before", intervalMs: NO_HEARTBEAT_MS } as const,
  { call, when: "after", intervalMs: NO_HEARTBEAT_MS } as const,
]);

test.each([
  ...FAULTS,
  { call: "here", when: "before", intervalMs: INTERVAL_MS } as const,
  { call: "here", when: "after", intervalMs: INTERVAL_MS } as const,
])(
  "with a connection that is lost $when '$call', all count each other, and none that has left ($intervalMs ms)",
  async ({ intervalMs, ...fault }) => {
    const first = await join(intervalMs);
    const nats = await connect(`nats://127.0.0.1:${link.port}`);
    const isBack = backAgain(nats.connection);
    const connection = failing(nats.connection, fault, () => link.cut());
    const membership = joinDispatchers({ ...nats, connection }, log, { intervalMs });
    const second = { nats, membership };
    await agree([first, second], 2);
    const third = await join(intervalMs);
    await agree([first, second, third], 3);
    membership.leave();
    await agree([first, third], 2);

    await isBack;
    await first.nats.connection.flush();
    await third.nats.connection.flush();
    expect(counts([first, third])).toEqual([2, 2]);
  },
);
