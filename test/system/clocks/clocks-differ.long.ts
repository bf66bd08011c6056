import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { status } from "../../harness/receiver/behaviour.ts";
import { eventually } from "../../harness/eventually.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../../harness/process/platform.ts";
import { startReceiver, type Receiver } from "../../harness/receiver/receiver.ts";
import { CLOCK_AHEAD_MS } from "./another-clock.ts";

failOnLeaks();

const DELAY_MS = 1_500;

describe.each([
  ["9 s behind NATS's", -9_000, DELAY_MS],
  ["60 s behind NATS's", -60_000, DELAY_MS],
  // By NATS's clock a retry is not due before the time that the record names.
  ["4 s ahead of NATS's", 4_000, DELAY_MS + 4_000],
] as const)("where the services' clocks are %s", (_what, aheadMs, waitMs) => {
  let platform: Platform;
  let receiver: Receiver;

  beforeAll(async () => {
    [platform, receiver] = await Promise.all([
      startPlatform({
        dispatcherEntry: "test/system/clocks/dispatcher.ts",
        subscriptionsEntry: "test/system/clocks/subscriptions.ts",
        env: { [CLOCK_AHEAD_MS]: String(aheadMs) },
        dispatcherEnv: { RETRY_DELAYS: `${DELAY_MS}ms,${DELAY_MS}ms`, RETRY_JITTER: "0" },
      }),
      startReceiver(status(500)),
    ]);
    await platform.subscribe([{ event_type: "call_completed", callback_url: receiver.url("/") }]);
  }, 60_000);
  afterAll(async () => {
    await Promise.all([platform.stop(), receiver.stop()]);
  });

  test("no retry is early, by either clock, or later than it has to be", async () => {
    const event = await platform.publish({ callId: "c1" });
    const records = await platform.attempted(event, 3);
    const times = receiver.requests.map(({ atMs }) => atMs);
    const waits = [times[1]! - times[0]!, times[2]! - times[1]!];
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(waitMs);
    expect(Math.max(...waits)).toBeLessThan(waitMs + 1_500);
    for (const [n, { next }] of records.slice(0, -1).entries()) {
      if (next.kind !== "retry") throw new Error(next.kind);
      const dueMs = Date.parse(next.at);
      expect(Date.parse(records[n + 1]!.at)).toBeGreaterThanOrEqual(dueMs);
      expect(times[n + 1]).toBeGreaterThanOrEqual(dueMs);
    }
  });

  test("both say by how much, and no delay is measured with two clocks", async () => {
    const [dispatcher] = platform.dispatchers;
    for (const service of [dispatcher!, platform.subscriptions]) {
      const offset = (await service.metrics()).value("ringback_clock_offset_seconds");
      expect(offset).toBeGreaterThan(aheadMs / 1_000 - 1);
      expect(offset).toBeLessThan(aheadMs / 1_000 + 0.1);
    }
    const delay = (await dispatcher!.metrics()).value("ringback_first_attempt_delay_seconds_sum");
    expect(delay).toBeLessThan(1.5);
  });

  test("a redelivery finds all that is stored", async () => {
    const body = { since: "2020-01-01T00:00:00Z", status: "dead_lettered" };
    const { body: job } = await platform.api("POST", "/redeliveries", body);
    const { redelivery_id: id } = job as { readonly redelivery_id: string };
    await eventually(async () => {
      expect((await platform.api("GET", `/redeliveries/${id}`)).body).toMatchObject({
        found: 1,
        sent: 1,
      });
    });
  });
});
