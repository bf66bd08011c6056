import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import {
  startCountingReceiver,
  type CountingReceiver,
} from "../harness/receiver/counting-receiver.ts";
import { shippedLimits } from "../harness/shipped-limits.ts";

failOnLeaks();

/** All in all more than the heap that is shipped. */
const EVENTS = 400;
const BODY_BYTES = 900_000;
/** So many that each gets no more than eight, which it has room for however long the publishing takes (ADR 12). */
const HANGING = 50;
const BATCH = 20;

let platform: Platform;
let hanging: CountingReceiver[];
let healthy: CountingReceiver;
let limitBytes: number;

beforeAll(async () => {
  const { heap, limitBytes: shipped } = await shippedLimits();
  limitBytes = shipped;
  hanging = await Promise.all(
    Array.from({ length: HANGING }, () => startCountingReceiver({ hangs: true })),
  );
  healthy = await startCountingReceiver();
  const dispatcherEnv = { NODE_OPTIONS: heap, DELIVERY_TIMEOUT: "2m", RETRY_DELAYS: "1h" };
  platform = await startPlatform({ dispatcherEnv });
  for (const [n, { url }] of hanging.entries()) await subscribe(url, `hangs-${n}`, "w1");
  await subscribe(healthy.url, "healthy", "w2");
});

afterAll(async () => {
  await Promise.all([healthy, ...hanging].map((receiver) => receiver.stop()));
  await platform.stop();
});

test("large events for endpoints that hang stay below the shipped memory limit, and hold up no other workspace", async () => {
  const filler = "x".repeat(BODY_BYTES);
  let peakBytes = 0;
  const look = async (): Promise<void> => {
    const rss = await platform.dispatchers[0]?.rssBytes();
    peakBytes = Math.max(peakBytes, rss ?? 0);
  };
  for (let from = 0; from < EVENTS; from += BATCH) {
    await Promise.all(
      Array.from({ length: BATCH }, (_, n) => {
        const callId = `call-${from + n}`;
        const body = { event_type: "call_completed", call_id: callId, filler };
        return platform.publish({ callId, agentId: `hangs-${(from + n) % HANGING}`, body });
      }),
    );
    await look();
  }
  await platform.publish({ workspaceId: "w2", agentId: "healthy", callId: "healthy" });
  await eventually(
    async () => {
      await look();
      return healthy.count === 1;
    },
    { timeoutMs: 20_000, what: "the other workspace's event has arrived" },
  );
  const begun = hanging.reduce((sum, { count }) => sum + count, 0);
  expect(begun).toBeGreaterThan(200);
  expect(peakBytes).toBeLessThan(0.8 * limitBytes);
}, 120_000);

const subscribe = (url: string, agentId: string, workspaceId: string): Promise<void> =>
  platform.subscribe([{ event_type: "call_completed", callback_url: url }], {
    agentId,
    workspaceId,
  });
