import { afterAll, beforeAll, expect, test } from "vitest";
import {
  startCountingReceiver,
  type CountingReceiver,
} from "../harness/receiver/counting-receiver.ts";
import { shippedLimits } from "../harness/shipped-limits.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";

failOnLeaks();

const WORKSPACES = Array.from({ length: 20 }, (_, n) => `w${n}`);
/** These get three events each, which fills all but what is reserved; the others get the rest, one each. */
const FIRST = 1_500;
const FURTHER = 1_100;
const AT_ONCE = 50;

let platform: Platform;
let receiver: CountingReceiver;
let limitBytes: number;

beforeAll(async () => {
  const { heap, limitBytes: shipped } = await shippedLimits();
  limitBytes = shipped;
  receiver = await startCountingReceiver({ hangs: true });
  platform = await startPlatform({
    workspaces: WORKSPACES,
    dispatcherEnv: { NODE_OPTIONS: heap, DELIVERY_TIMEOUT: "5m", RETRY_DELAYS: "1h" },
  });
  await each(FIRST + FURTHER, (n) =>
    platform.subscribe([{ event_type: "call_completed", callback_url: `${receiver.url}${n}` }], {
      agentId: `a${n}`,
      workspaceId: workspaceOf(n),
    }),
  );
}, 180_000);

afterAll(async () => {
  await receiver.stop();
  await platform.stop();
});

// Of the 4,096 permits; those with large bodies are put off meanwhile, as bytes that wait to be sent are bounded, too.
test.each([
  { bytes: 1_024, wanted: 3_900 },
  { bytes: 32 * 1_024, wanted: 2_000 },
])(
  "$wanted attempts and more, with $bytes bytes each, hang within the shipped memory limit",
  async ({ bytes, wanted }) => {
    await platform.dispatchers[0]?.kill();
    platform.dispatchers[0] = await platform.startDispatcher();
    const filler = "x".repeat(bytes);
    const publish = (n: number, round: number) => {
      const callId = `c-${bytes}-${n}-${round}`;
      const body = { event_type: "call_completed", call_id: callId, filler };
      return platform.publish({ callId, agentId: `a${n}`, workspaceId: workspaceOf(n), body });
    };
    for (const round of [1, 2, 3]) await each(FIRST, (n) => publish(n, round));
    await each(FURTHER, (n) => publish(FIRST + n, 1));
    let peakBytes = 0;
    let most = 0;
    await eventually(
      async () => {
        peakBytes = Math.max(peakBytes, (await platform.dispatchers[0]?.rssBytes()) ?? 0);
        const metrics = await platform.dispatchers[0]?.metrics();
        most = Math.max(most, metrics?.value("ringback_attempts_in_flight") ?? 0);
        return most >= wanted;
      },
      { timeoutMs: 60_000, intervalMs: 500, what: `${wanted} attempts at once` },
    ).finally(() =>
      console.log(`${most} attempts of ${bytes} B: ${Math.round(peakBytes / 2 ** 20)} MiB`),
    );
    expect(peakBytes).toBeLessThan(0.8 * limitBytes);
  },
  180_000,
);

const workspaceOf = (n: number): string => WORKSPACES[n % WORKSPACES.length] ?? "";

const each = async (count: number, work: (n: number) => Promise<unknown>): Promise<void> => {
  for (let from = 0; from < count; from += AT_ONCE) {
    const size = Math.min(AT_ONCE, count - from);
    await Promise.all(Array.from({ length: size }, (_, n) => work(from + n)));
  }
};
