import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import { startReceiver, type Receiver } from "../harness/receiver/receiver.ts";

failOnLeaks();

const EVENTS = 40;
const RATE = { per_second: 10, burst: 4 };

describe("a rate limit", () => {
  let platform: Platform;
  let receiver: Receiver;

  beforeAll(async () => {
    [platform, receiver] = await Promise.all([
      startPlatform({ dispatchers: 2, dispatcherEnv: { RETRY_DELAYS: "none" } }),
      startReceiver(),
    ]);
    await eventually(async () => {
      const all = await Promise.all(platform.dispatchers.map((one) => one.metrics()));
      return all.every((metrics) => metrics.value("ringback_dispatchers") === 2);
    });
  });

  afterAll(async () => {
    await Promise.all([platform.stop(), receiver.stop()]);
  });

  test("is kept by two dispatchers together over any second, and reached over all", async () => {
    const url = receiver.url("/limited");
    await platform.subscribe([
      { event_type: "call_completed", callback_url: url, delivery: { rate_limit: RATE } },
    ]);
    await Promise.all(
      Array.from({ length: EVENTS }, (_, n) => platform.publish({ callId: `call-${n}` })),
    );
    const requests = await receiver.received(EVENTS, { path: "/limited", timeoutMs: 15_000 });
    const times = requests.map(({ atMs }) => atMs).toSorted((a, b) => a - b);
    const inSecondFrom = (fromMs: number): number =>
      times.filter((atMs) => atMs >= fromMs && atMs < fromMs + 1_000).length;
    // One more for each dispatcher: what was sent in order may come in a moment closer together.
    const most = RATE.per_second + RATE.burst + platform.dispatchers.length;
    expect(Math.max(...times.map(inSecondFrom))).toBeLessThanOrEqual(most);
    const tookMs = (times.at(-1) ?? 0) - (times[0] ?? 0);
    const atRateMs = ((EVENTS - RATE.burst) / RATE.per_second) * 1_000;
    expect(tookMs).toBeGreaterThan(atRateMs * 0.9);
    expect(tookMs).toBeLessThan(atRateMs * 2); // both have about half of the events
    const both = await Promise.all(platform.dispatchers.map((one) => one.metrics()));
    const sent = both.map((metrics) => metrics.value("ringback_attempts_total") ?? 0);
    expect(Math.min(...sent)).toBeGreaterThan(0);
  });
});
