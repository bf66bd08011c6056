import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type Platform, startPlatform } from "../harness/process/platform.ts";
import type { ServiceProcess } from "../harness/process/service-process.ts";
import {
  type CountingReceiver,
  startCountingReceiver,
} from "../harness/receiver/counting-receiver.ts";

failOnLeaks();

const MIB = 1024 * 1024;
/** `make backlog` takes 50,000. */
const BACKLOG = Number(process.env["BACKLOG_EVENTS"] ?? 25_000);
/** By then everything that is kept for a reason is there: connections, buffers, compiled code. */
const FIRST_PART = 0.4 * BACKLOG;
/** Kept, with 1 KiB around each at the least, all bodies would take 100 MiB. */
const BODY_BYTES = (100 * MIB) / BACKLOG - 1024;
/** So that a collector with gigabytes to spare does not look like a leak. */
const SMALL_HEAP = "--max-old-space-size=128 --max-semi-space-size=8";
const AGENTS = 8;
const WITHIN_MS = 150_000;

let platform: Platform;
let receivers: CountingReceiver[];

beforeAll(async () => {
  receivers = await Promise.all(Array.from({ length: AGENTS }, () => startCountingReceiver()));
  platform = await startPlatform({ dispatchers: 0 });
  for (const [n, { url }] of receivers.entries()) {
    const at = { agentId: `agent-${n}` };
    await platform.subscribe([{ event_type: "call_completed", callback_url: url }], at);
  }
});

afterAll(async () => {
  await platform.stop();
  await Promise.all(receivers.map((receiver) => receiver.stop()));
});

test(`a backlog of ${BACKLOG} events is drained in the memory that its first part took`, async () => {
  await publishBacklog();
  const dispatcher = await platform.startDispatcher({ NODE_OPTIONS: SMALL_HEAP });
  platform.dispatchers.push(dispatcher);
  const first = await peakUntil(dispatcher, () => handled() >= FIRST_PART);
  const rest = await peakUntil(dispatcher, () => handled() === BACKLOG);
  // The other bodies, kept, would be over 60 MiB.
  expect((rest - first) / MIB).toBeLessThan(45);
}, 300_000);

const handled = (): number => receivers.reduce((sum, { count }) => sum + count, 0);

async function peakUntil(dispatcher: ServiceProcess, isDone: () => boolean): Promise<number> {
  let peak = 0;
  await eventually(
    async () => {
      peak = Math.max(peak, await dispatcher.rssBytes());
      return isDone();
    },
    { timeoutMs: WITHIN_MS, intervalMs: 100, what: "the backlog is drained" },
  );
  return peak;
}

/** All published before a dispatcher runs. */
async function publishBacklog(): Promise<void> {
  const filler = "x".repeat(BODY_BYTES - 124);
  for (let from = 0; from < BACKLOG; from += 1_000) {
    await Promise.all(
      Array.from({ length: 1_000 }, (_, n) => {
        const callId = `call-${from + n}`;
        const body = { event_type: "call_completed", call_id: callId, filler };
        return platform.publish({ callId, agentId: `agent-${(from + n) % AGENTS}`, body });
      }),
    );
  }
}
