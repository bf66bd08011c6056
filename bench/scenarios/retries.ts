import { setTimeout as delay } from "node:timers/promises";
import type { Arrivals } from "../arrivals.ts";
import { atMost, figure } from "../figures.ts";
import { arrivalsDuring, untilReceived } from "../paced-run.ts";
import { spreadOf } from "../percentiles.ts";
import type { Scenario } from "../scenario.ts";
import { startStack, type Stack } from "../stack.ts";

const AGENTS = 100;
const BYTES = 1_024;

/** When the schedules that are stored first are due: by then, all have to be stored. */
const STORED_PER_SECOND = 4_000;
const SETTLED_MS = 90_000;

/** Many retries wait on RETRIES, and are due one by one within a minute. */
export const retries: Scenario = {
  name: "retries",
  longestMs: 6 * 60_000,
  run: async (bench) => {
    const { isShort, signal, events, seconds } = { ...bench, ...bench.options };
    const count = events ?? (isShort ? 200 : 100_000);
    const spanMs = (seconds ?? (isShort ? 1 : 60)) * 1_000;
    await using stack = await startStack(bench, { endpoints: AGENTS, agents: 0 });
    bench.say(`${count} retries within ${spanMs / 1_000} s`);
    await startWithUndelivered(stack, count);
    const leadMs = 1_000 + (count / STORED_PER_SECOND) * 1_000;
    const schedule = { firstSeq: 1, firstMs: Math.round(Date.now() + leadMs), spanMs };
    const crowd = { first: 0, count: AGENTS };
    await stack.load.ask("scheduleRetries", { crowd, from: 0, count, ...schedule }, 120_000);
    const storedLateMs = Math.max(0, Date.now() - schedule.firstMs);
    const work = async (): Promise<void> => {
      await delay(Math.max(0, schedule.firstMs - Date.now()), undefined, { signal });
      await untilReceived(stack, count, spanMs * 3 + 5_000, signal);
    };
    const arrivals = await arrivalsDuring(stack, work, 500, signal);
    const lateMs = latenessMs(arrivals, count, schedule);
    const late = spreadOf(lateMs);
    return [
      figure(
        "retries before they were due",
        [lateMs.filter((ms) => ms < 0).length],
        "count",
        atMost(0),
      ),
      figure("late: p99", [late.p99], "ms", atMost(1_000)),
      figure("late: p50", [late.p50], "ms"),
      figure("late: most", [late.max], "ms"),
      figure("asked for, one after the other", [(count * 1_000) / spanMs], "per second"),
      figure("stored after the first was due by", [storedLateMs], "ms", atMost(0)),
    ];
  },
};

/**
 * Events that were there when nobody had subscribed them: a dispatcher acknowledges those and sends
 * nothing. With the subscriptions of now, their retries are all that there is to do.
 */
const startWithUndelivered = async (
  { load, nats, receivers, startDispatcher }: Stack,
  count: number,
) => {
  const crowd = { first: 0, count: AGENTS };
  await load.ask("burst", { crowd, from: 0, count, bytes: BYTES });
  await startDispatcher();
  await nats.settled(SETTLED_MS);
  await load.ask("subscribe", { crowd, origins: receivers.origins });
};

/** By the system's clock, in whole ms as schedules are: never early is exact. */
const latenessMs = (
  { n, arrivedWallMs }: Arrivals,
  count: number,
  { firstMs, spanMs }: { readonly firstMs: number; readonly spanMs: number },
): number[] =>
  Array.from(n, (each, row) => arrivedWallMs[row]! - Math.round(firstMs + (each * spanMs) / count));
