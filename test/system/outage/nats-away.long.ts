import { afterAll, beforeAll, expect, test } from "vitest";
import { byPath, inTurn, status } from "../../harness/receiver/behaviour.ts";
import { eventually } from "../../harness/eventually.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { type Answer, type Platform, startPlatform } from "../../harness/process/platform.ts";
import { type Receiver, startReceiver } from "../../harness/receiver/receiver.ts";
import { drained } from "./drained.ts";

failOnLeaks();

const AWAY_MS = 30_000;
const BURST = 100;

let platform: Platform;
let receiver: Receiver;

beforeAll(async () => {
  [platform, receiver] = await Promise.all([
    startPlatform({ dispatcherEnv: { RETRY_DELAYS: "5s,1s" } }),
    startReceiver(
      byPath({
        // Answered while NATS is away.
        "/in-flight": { kind: "late_status", status: 200, afterMs: 3_000 },
        // Its retry is due while NATS is away.
        "/retried": inTurn(status(503), status(200)),
        "/burst": { kind: "late_status", status: 200, afterMs: 200 },
      }),
    ),
  ]);
  await platform.subscribe([
    { event_type: "call_completed", callback_url: receiver.url("/in-flight") },
    { event_type: "recording_completed", callback_url: receiver.url("/retried") },
    { event_type: "platform_analysis_completed", callback_url: receiver.url("/burst") },
    { event_type: "client_analysis_completed", callback_url: receiver.url("/after") },
  ]);
});

afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

test(
  "30 s without nats-server lose nothing, repeat nothing, and end by themselves",
  async () => {
    const retried = await platform.publish({ callId: "c1", eventType: "recording_completed" });
    await platform.attempted(retried, 1);
    const inFlight = await platform.publish({ callId: "c1" });
    await receiver.received(1, { path: "/in-flight" });
    const burst = await Promise.all(
      Array.from({ length: BURST }, (_, n) =>
        platform.publish({ callId: `burst-${n}`, eventType: "platform_analysis_completed" }),
      ),
    );
    await receiver.received(1, { path: "/burst" });

    await platform.server.kill();
    const seen = await watchWhileAway();
    await platform.server.restart();
    await platform.client.reconnected();

    expect(seen.length).toBeGreaterThan(15);
    for (const { calls, livez, readyz, slowestMs } of seen) {
      expect(calls.map((call) => call.status)).toEqual([503, 503, 503]);
      expect(calls[0]?.body).toMatchObject({ code: "unavailable" });
      expect(slowestMs).toBeLessThan(3_000);
      expect(livez).toEqual([200, 200]);
      expect(readyz).toEqual({ status: 503, reasons: ["not connected to NATS"] });
    }
    const after = await publishAfter();
    const [inFlightRecord, ...noMore] = await platform.attempted(inFlight, 1, 20_000);
    expect(inFlightRecord).toMatchObject({ attempt: 1, outcome: { kind: "delivered" } });
    expect(noMore).toEqual([]);
    const chain = await platform.attempted(retried, 2, 20_000);
    expect(chain.map(({ outcome }) => outcome.kind)).toEqual(["failed", "delivered"]);
    for (const event of burst) {
      const records = await platform.attempted(event, 1, 20_000);
      expect(records.map(({ outcome }) => outcome.kind)).toEqual(["delivered"]);
    }
    await platform.attempted(after, 1, 20_000);
    await drained(platform.client);
    // Nobody crashed, so nothing may have been sent twice.
    expect(receiver.requestsTo("/in-flight")).toHaveLength(1);
    expect(receiver.requestsTo("/retried")).toHaveLength(2);
    expect(receiver.requestsTo("/burst")).toHaveLength(BURST);
    expect(receiver.requestsTo("/after")).toHaveLength(1);
    const answer = await platform.api("GET", "/agent/v1/a1");
    expect(answer.status).toBe(200);
  },
  AWAY_MS + 70_000,
);

interface Seen {
  readonly calls: readonly Answer[];
  readonly slowestMs: number;
  readonly livez: readonly number[];
  readonly readyz: { readonly status: number; readonly reasons: unknown };
}

/** Calls the API and the probes about once a second until the time is over. */
async function watchWhileAway(): Promise<Seen[]> {
  const [dispatcher] = platform.dispatchers;
  if (dispatcher === undefined) throw new Error("no dispatcher");
  const seen: Seen[] = [];
  const startedAtMs = performance.now();
  await eventually(async () => (await dispatcher.get("/readyz")).status === 503);
  await eventually(
    async () => {
      const timed = await Promise.all([
        timedCall("PATCH", "/agent/v1", {
          operation: "remove_event_subscriptions",
          agent_id: "a1",
          event_types: ["client_analysis_completed"],
        }),
        timedCall("GET", "/agent/v1/a1"),
        timedCall("GET", "/assistant"),
      ]);
      const probes = [dispatcher.get("/livez"), platform.subscriptions.get("/livez")];
      const livez = (await Promise.all(probes)).map((probe) => probe.status);
      const { status: code, text } = await dispatcher.get("/readyz");
      const { reasons } = JSON.parse(text) as { reasons: unknown };
      const calls = timed.map(({ answer }) => answer);
      const slowestMs = Math.max(...timed.map(({ ms }) => ms));
      seen.push({ calls, slowestMs, livez, readyz: { status: code, reasons } });
      return performance.now() - startedAtMs >= AWAY_MS;
    },
    { timeoutMs: AWAY_MS + 10_000, intervalMs: 1_000 },
  );
  return seen;
}

async function timedCall(method: string, path: string, body?: unknown) {
  const fromMs = performance.now();
  const answer = await platform.api(method, path, body);
  return { answer, ms: performance.now() - fromMs };
}

/** An event that is published as soon as nats-server is back is attempted within 15 s. */
async function publishAfter() {
  const publishedAtMs = Date.now();
  const after = await platform.publish({ callId: "c1", eventType: "client_analysis_completed" });
  const [record] = await platform.attempted(after, 1, 20_000);
  expect(Date.parse(record?.at ?? "") - publishedAtMs).toBeLessThan(15_000);
  return after;
}
