import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { byPath, type Script } from "../../harness/receiver/behaviour.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { type Platform, startPlatform } from "../../harness/process/platform.ts";
import { type Receiver, startReceiver } from "../../harness/receiver/receiver.ts";
import type { ServiceProcess } from "../../harness/process/service-process.ts";
import { drained } from "./drained.ts";
import { requestCounts } from "./request-counts.ts";

failOnLeaks();

type PublishedEvent = Awaited<ReturnType<Platform["publish"]>>;

const EACH = 60;

/** How long a retry is in flight. */
const ANSWER_MS = 300;

describe.each([1, 2])("with %i dispatcher(s)", (dispatchers) => {
  let platform: Platform;
  let receiver: Receiver;

  beforeAll(async () => {
    platform = await startPlatform({ dispatchers, dispatcherEnv: { RETRY_DELAYS: "2s,1s" } });
  });

  afterAll(() => platform.stop());

  beforeEach(async () => {
    receiver = await startReceiver(byPath({ "/fails-once": failsOnce() }));
    await platform.subscribe([
      { event_type: "call_completed", callback_url: receiver.url("/ok") },
      { event_type: "recording_completed", callback_url: receiver.url("/fails-once") },
    ]);
  });

  afterEach(() => receiver.stop());

  test("a deleted consumer of EVENTS is made again: nothing is lost and nothing sent twice", async () => {
    await publishMany("before");
    await receiver.received(EACH, { path: "/ok" });
    await drained(platform.client); // what is in flight then is consumer-lost-in-flight.test.ts's
    await platform.client.jsm.consumers.delete("EVENTS", "dispatcher");
    await publishMany("meanwhile");
    await receiver.received(2 * EACH, { path: "/ok" });
    await drained(platform.client);
    expect(requestCounts(receiver, "/ok")).toEqual({ 1: 2 * EACH });
    await eachOneWorks(platform.dispatchers);
    await drained(platform.client);
  });

  test("a deleted consumer of RETRIES is made again: each retry is made, and made once", async () => {
    await publishMany("retried", "recording_completed");
    await receiver.received(EACH, { path: "/fails-once" });
    await platform.client.jsm.consumers.delete("RETRIES", "dispatcher");
    await publishMany("retried-later", "recording_completed");
    await receiver.received(4 * EACH, { path: "/fails-once", timeoutMs: 60_000 });
    await drained(platform.client);
    expect(requestCounts(receiver, "/fails-once")).toEqual({ 2: 2 * EACH });
  });

  test("both consumers deleted at once, while retries are being made, are made again", async () => {
    receiver.setScript(byPath({ "/fails-once": failsOnce(ANSWER_MS) }));
    const failing = await publishMany("both", "recording_completed");
    await receiver.received(EACH + 1, { path: "/fails-once" });
    const { consumers } = platform.client.jsm;
    await Promise.all(["EVENTS", "RETRIES"].map((name) => consumers.delete(name, "dispatcher")));
    await publishMany("both-ok");
    await drained(platform.client);
    expect(requestCounts(receiver, "/ok")).toEqual({ 1: EACH });
    const records = await Promise.all(failing.map((event) => platform.attemptsOf(event)));
    expect(records.map((chain) => chain.map(({ attempt }) => attempt))).toEqual(
      failing.map(() => [1, 2]),
    );
    const requests = requestsPerAttempt();
    expect(Object.keys(requests)).toHaveLength(2 * EACH);
    // Of two dispatchers, the one may take a retry that the other has in flight at that moment: nothing
    // of it is recorded yet. One alone knows what it has in hand.
    const isAllowed = ([first = 0, second = 0, ...more]: number[]): boolean =>
      dispatchers > 1 && more.length === 0 && second - first < ANSWER_MS + 1_000;
    const repeated = Object.values(requests).filter(({ length }) => length > 1);
    expect(repeated.filter((times) => !isAllowed(times))).toEqual([]);
  });

  /** When each attempt's requests arrived: one time, unless it was made twice. */
  function requestsPerAttempt(): Record<string, number[]> {
    const times: Record<string, number[]> = {};
    for (const { headers, atMs } of receiver.requestsTo("/fails-once")) {
      const key = `${String(headers["webhook-id"])} ${String(headers["ringback-attempt"])}`;
      times[key] = [...(times[key] ?? []), atMs];
    }
    return times;
  }

  /** Publishes to a fresh run of call ids. */
  async function publishMany(
    name: string,
    eventType: "call_completed" | "recording_completed" = "call_completed",
  ): Promise<PublishedEvent[]> {
    const calls = Array.from({ length: EACH }, (_, n) => `${name}-${receiver.port}-${n}`);
    return Promise.all(calls.map((callId) => platform.publish({ callId, eventType })));
  }

  /** Every dispatcher takes part in a further burst: none sits in front of a consumer that is gone. */
  async function eachOneWorks(services: readonly ServiceProcess[]): Promise<void> {
    const before = services.map((service) => service.logs.length);
    await publishMany("share");
    await publishMany("share-more");
    await Promise.all(
      services.map((service, n) =>
        service.waitForLog("delivery.attempted", { from: before[n] ?? 0 }),
      ),
    );
  }
});

/** 503 for the first request of each event, then 200, each after `afterMs`. */
function failsOnce(afterMs = 0): Script {
  const seen = new Set<unknown>();
  return ({ headers }) => {
    const isFirst = !seen.has(headers["webhook-id"]);
    seen.add(headers["webhook-id"]);
    return { kind: "late_status", status: isFirst ? 503 : 200, afterMs };
  };
}
