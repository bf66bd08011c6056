import { afterAll, beforeAll, expect, test } from "vitest";
import { connectTo, type NatsClient } from "../../harness/nats/nats-client.ts";
import { eventually } from "../../harness/eventually.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { type NatsCluster, startNatsCluster } from "../../harness/nats/nats-cluster.ts";
import { type Services, startServices } from "../../harness/process/platform.ts";
import { type Receiver, startReceiver } from "../../harness/receiver/receiver.ts";
import { passes } from "../../harness/time-passes.ts";

failOnLeaks();

const EVENTS = Number(process.env["BACKLOG_EVENTS"] ?? 4_000);
const SLOW_MS = 1_000;
/** Deliveries go on within this after the dispatcher says that it is ready. */
const GOES_ON_WITHIN_MS = 5_000;
const MEASURED_MS = 4_000;
/** An election takes 4 to 9 s where a stream's leader was on the node that is gone. */
const WATCHED_MS = 15_000;

let cluster: NatsCluster;
let services: Services;
let receiver: Receiver;
let client: NatsClient;

beforeAll(async () => {
  [cluster, receiver] = await Promise.all([
    startNatsCluster(),
    startReceiver(() => ({ kind: "late_status", status: 200, afterMs: SLOW_MS })),
  ]);
  services = await startServices(cluster, { env: { STREAM_REPLICAS: "3" } });
  client = await connectTo(cluster, { pingInterval: 1_000, maxPingOut: 2 });
  const delivery = { max_in_flight: 50 };
  await services.subscribe([
    { event_type: "call_completed", callback_url: receiver.url("/slow"), delivery },
  ]);
  for (let from = 0; from < EVENTS; from += 500) {
    const calls = Array.from({ length: 500 }, (_, n) => `call-${from + n}`);
    await Promise.all(calls.map((callId) => services.publish({ callId })));
  }
}, 120_000);

afterAll(async () => {
  await client.close();
  await services.stop();
  await Promise.all([receiver.stop(), cluster.stop()]);
});

test.each(["EVENTS", "ATTEMPTS", "RETRIES"])(
  "a node that leads %s is killed: deliveries go on at more than half the rate within 5 s of readiness",
  async (stream) => {
    const usual = await requestsWithin(MEASURED_MS);
    const name = await leaderOf(stream);
    await cluster.node(name).kill();
    const killedMs = Date.now();
    const readyMs = await readySince(killedMs);
    await passes(Math.max(0, readyMs + GOES_ON_WITHIN_MS + MEASURED_MS - Date.now()));
    const fromMs = readyMs + GOES_ON_WITHIN_MS;
    const count = receiver.requests.filter(
      ({ atMs }) => atMs >= fromMs && atMs < fromMs + MEASURED_MS,
    ).length;
    const first = receiver.requests.find(({ atMs }) => atMs >= killedMs + SLOW_MS + 500)?.atMs;
    console.log(
      `${stream}: ready after ${readyMs - killedMs} ms, requests again after ${(first ?? 0) - killedMs} ms, then ${count} of usually ${usual}`,
    );
    await cluster.node(name).start();
    expect(count).toBeGreaterThan(usual / 2);
  },
  90_000,
);

/** When the dispatcher became ready for good; `fromMs` where it never was anything else. */
const readySince = async (fromMs: number): Promise<number> => {
  let readyMs = fromMs;
  await eventually(
    async () => {
      const { status } = (await services.dispatchers[0]?.get("/readyz")) ?? { status: 0 };
      if (status !== 200) readyMs = Date.now();
      return Date.now() - fromMs > WATCHED_MS;
    },
    { timeoutMs: WATCHED_MS + 5_000, intervalMs: 100, what: "watched" },
  );
  return readyMs;
};

const leaderOf = (stream: string): Promise<string> =>
  eventually(async () => (await client.jsm.streams.info(stream)).cluster?.leader ?? null, {
    what: `${stream} has a leader`,
  });

const requestsWithin = async (ms: number): Promise<number> => {
  const before = receiver.requests.length;
  await passes(ms);
  return receiver.requests.length - before;
};
