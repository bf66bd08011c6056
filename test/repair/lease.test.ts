import { LEASES } from "@ringback/contracts/streams/lease-subjects";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import { lease } from "@ringback/runtime/streams/lease";
import type { Nats } from "@ringback/runtime/nats/connection";
import { wantedStreams } from "@ringback/runtime/streams/stream-config";
import { readDispatcherSettings } from "../../services/dispatcher/src/config.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { connectTo, type NatsClient } from "../harness/nats/nats-client.ts";
import { type NatsServer, startNatsServer } from "../harness/nats/nats-server.ts";

failOnLeaks();

let server: NatsServer;
let client: NatsClient;

beforeAll(async () => {
  server = await startNatsServer();
  client = await connectTo(server);
  const streams = wantedStreams(readDispatcherSettings({ ALLOW_PLAINTEXT_HEADERS: "true" }));
  await client.jsm.streams.add(streams.find(({ name }) => name === STREAMS.leases)!);
});
afterAll(async () => {
  await client.close();
  await server.stop();
});

/** The least that the server can count. */
const TTL_MS = 1_000;

const newLease = () => {
  const { nc: connection, js, jsm } = client;
  const idle = {
    problem: () => undefined,
    leave: () => undefined,
    refreshPayloadLimit: () => undefined,
  };
  const nats: Nats = { connection, js, jsm, isConnected: () => true, ...idle };
  return lease(nats, LEASES.retryReconciler, TTL_MS);
};

test("one at a time has the lease, until it runs out; whoever had it then knows", async () => {
  const [one, other] = [newLease(), newLease()];
  const taken = await Promise.all([one.hold(), other.hold()]);
  expect(taken.toSorted()).toEqual([false, true]);
  const [holder, waiting] = taken[0] ? [one, other] : [other, one];
  expect([holder.isHeld(), waiting.isHeld()]).toEqual([true, false]);
  expect(await holder.hold()).toBe(true);
  expect(await waiting.hold()).toBe(false);
  // The holder stands still.
  await eventually(() => waiting.hold(), { what: "the lease has run out" });
  expect([holder.isHeld(), waiting.isHeld()]).toEqual([false, true]);
  expect(await holder.hold()).toBe(false);
});
