import { randomUUID } from "node:crypto";
import { headers as newHeaders } from "@nats-io/nats-core";
import { retryHeaders, type RetryMessage } from "@ringback/contracts/deliveries/retry-message";
import {
  agentsDueRetrySubject,
  dueRetrySubject,
  scheduledRetrySubject,
} from "@ringback/contracts/streams/retry-subjects";
import { afterAll, beforeAll, expect, test } from "vitest";
import { failOnLeaks } from "../../../../test/harness/process/leaks.ts";
import { withFailingCalls } from "../../../../test/harness/nats/failing-calls.ts";
import { connectTo, type NatsClient } from "../../../../test/harness/nats/nats-client.ts";
import { startNatsServer, type NatsServer } from "../../../../test/harness/nats/nats-server.ts";
import { deliveryKey, pendingRetries, pendingRetry } from "./pending-retry.ts";

failOnLeaks();

let server: NatsServer;
let client: NatsClient;

beforeAll(async () => {
  server = await startNatsServer();
  client = await connectTo(server);
  await client.jsm.streams.add({
    name: "RETRIES",
    subjects: ["retries.scheduled.>", "retries.due.>"],
    retention: "workqueue",
    allow_msg_schedules: true,
    allow_direct: true,
  });
});

afterAll(async () => {
  await client.close();
  await server.stop();
});

const nats = () => ({
  ...client,
  connection: client.nc,
  isConnected: () => true,
  leave: () => undefined,
  refreshPayloadLimit: () => undefined,
  problem: () => undefined,
});

/** The same client, with something that happens on the server before the nth read of a message, from 1 on. */
const whereBefore = (nth: number, happens: () => Promise<unknown>) => {
  let reads = 0;
  const { streams } = client.jsm;
  const getMessage: typeof streams.getMessage = async (...args) => {
    reads += 1;
    if (reads === nth) await happens();
    return streams.getMessage(...args);
  };
  const withHook = new Proxy(streams, {
    get: (_, name) => (name === "getMessage" ? getMessage : Reflect.get(streams, name)),
  });
  const jsm = new Proxy(client.jsm, {
    get: (_, name) => (name === "streams" ? withHook : Reflect.get(client.jsm, name)),
  });
  return { ...nats(), jsm };
};

const retry = (agentId: string, deliveryId: string, attempt = 2): RetryMessage => ({
  address: { workspaceId: "w1", callId: "c1", agentId, eventType: "call_completed" },
  eventSeq: 7,
  deliveryId,
  attempt,
  dueMs: Date.now() + 3_600_000,
  deferrals: 0,
});

const headersOf = (one: RetryMessage) => {
  const headers = newHeaders();
  for (const [name, value] of retryHeaders(one)) headers.set(name, value);
  return headers;
};

const schedule = (one: RetryMessage) =>
  client.js.publish(scheduledRetrySubject(one.address, one.deliveryId), "", {
    headers: headersOf(one),
    msgID: randomUUID(),
    schedule: {
      specification: new Date(one.dueMs),
      target: dueRetrySubject(one.address, one.deliveryId),
    },
  });

const makeDue = async (one: RetryMessage) =>
  client.js.publish(dueRetrySubject(one.address, one.deliveryId), "", { headers: headersOf(one) });

const makeDueAsBefore = async (one: RetryMessage) =>
  client.js.publish(agentsDueRetrySubject(one.address), "", { headers: headersOf(one) });

test("a retry is found on its schedule, due, and due in the form of versions before", async () => {
  const [waiting, due, old, none] = ["1", "2", "3", "4"].map((id) => retry("a1", id));
  await schedule(waiting!);
  await makeDue(due!);
  await makeDueAsBefore(old!);
  expect(await pendingRetry(nats(), waiting!)).toMatchObject({
    kind: "pending",
    state: "scheduled",
  });
  expect(await pendingRetry(nats(), due!)).toMatchObject({ kind: "pending", state: "due" });
  expect(await pendingRetry(nats(), old!)).toMatchObject({ kind: "pending", state: "due" });
  expect(await pendingRetry(nats(), none!)).toEqual({ kind: "none" });
  const many = await pendingRetries(nats(), [waiting!, due!, old!, none!]);
  expect(many).toEqual(new Set([waiting!, due!, old!].map(deliveryKey)));
});

test("a retry for an earlier attempt, or the one that is in work here, is no sign of another", async () => {
  const one = retry("a2", "1");
  const { seq } = await makeDue(one);
  expect(await pendingRetry(nats(), one, { minAttempt: 3 })).toEqual({ kind: "none" });
  expect(await pendingRetry(nats(), one, { afterSeq: seq })).toEqual({ kind: "none" });
  expect(await pendingRetry(nats(), one, { minAttempt: 2, afterSeq: seq - 1 })).toMatchObject({
    kind: "pending",
    seq,
  });
});

test("of an agent with 1,100 due retries each delivery is told, in a handful of reads", async () => {
  const all = Array.from({ length: 1_100 }, (_, n) => retry("a3", String(n)));
  await Promise.all(all.map(makeDue));
  const requests = client.nc.stats().outMsgs;
  expect(await pendingRetry(nats(), retry("a3", "1099"))).toMatchObject({ kind: "pending" });
  expect(await pendingRetry(nats(), retry("a3", "1100"))).toEqual({ kind: "none" });
  expect(client.nc.stats().outMsgs - requests).toBeLessThan(10);
  expect((await pendingRetries(nats(), [...all, retry("a3", "1100")])).size).toBe(1_100);
});

test("where too many are due in the form of versions before, nobody says that there is none", async () => {
  const subject = agentsDueRetrySubject(retry("a4", "1").address);
  await Promise.all(Array.from({ length: 1_000 }, () => client.js.publish(subject, "")));
  const one = retry("a4", "1");
  expect(await pendingRetry(nats(), one)).toEqual({ kind: "unknown" });
  expect(await pendingRetries(nats(), [one])).toEqual(new Set([deliveryKey(one)]));
});

test("a retry that is deferred between two reads is found on its new schedule", async () => {
  const one = retry("a5", "1");
  const { seq } = await makeDue(one);
  const deferred = async () => {
    await schedule({ ...one, deferrals: 1 });
    await client.jsm.streams.deleteMessage("RETRIES", seq);
  };
  expect(await pendingRetry(whereBefore(2, deferred), one)).toMatchObject({
    kind: "pending",
    state: "scheduled",
    retry: { deferrals: 1 },
  });
});

test.each([1, 2, 3, 4])(
  "where read %i gets no reply, nobody says that there is none",
  async (n) => {
    const failing = withFailingCalls(nats(), (call) => (call === n ? "after" : undefined));
    await expect(pendingRetry(failing, retry("a7", "1"))).rejects.toThrow("timeout");
  },
);

test("a message on the delivery's subject that names another delivery is not its retry", async () => {
  const one = retry("a8", "1");
  await client.js.publish(dueRetrySubject(one.address, "1"), "", {
    headers: headersOf({ ...one, deliveryId: "2" }),
  });
  expect(await pendingRetry(nats(), one)).toEqual({ kind: "none" });
});
