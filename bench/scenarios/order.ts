import type { Arrivals } from "../arrivals.ts";
import { atMost, figure } from "../figures.ts";
import { CALL_TYPES } from "../payload.ts";
import { arrivalsDuring, untilReceived } from "../paced-run.ts";
import { spreadOf } from "../percentiles.ts";
import type { Scenario } from "../scenario.ts";
import { startStack } from "../stack.ts";

const WAIT_MS = 60_000;

/** How long the endpoint takes: the events of a call are all there before its first request has ended. */
const ENDPOINT_MS = 20;

const WARM_UP_CALLS = 20;

/** Calls whose events come all at once, to endpoints that keep their order: each event waits for the one before. */
export const order: Scenario = {
  name: "order",
  longestMs: 3 * 60_000,
  run: async (bench) => {
    const { isShort, perSecond = 10, seconds = isShort ? 2 : 30 } = bench.options;
    const dispatchers = bench.options.endpoints ?? 1;
    const crowd = { first: 0, count: 10 };
    const calls = perSecond * seconds;
    await using stack = await startStack(bench, { endpoints: crowd.count, agents: 0 });
    const { origins, behave } = stack.receivers;
    const kept = { crowd, origins, each: 1, isChosen: true, isOrdered: true };
    await stack.load.ask("endpoints", kept);
    await behave(0, crowd.count, { okAfterMs: ENDPOINT_MS });
    for (let n = 0; n < dispatchers; n += 1) await stack.startDispatcher();
    const publish = async (from: number, count: number): Promise<void> => {
      const before = await stack.receivers.count();
      const batch = { crowd, from, count, perSecond };
      await stack.load.ask("calls", batch, seconds * 1_000 + WAIT_MS);
      await untilReceived(stack, before + count * CALL_TYPES.length, WAIT_MS, bench.signal);
    };
    // The first ones warm up, and count for nothing.
    await publish(0, WARM_UP_CALLS);
    const work = (): Promise<void> => publish(WARM_UP_CALLS, calls);
    const arrivals = await arrivalsDuring(stack, work, 100, bench.signal);
    const { addedMs, overtaken } = addedWaits(arrivals);
    const added = spreadOf(addedMs);
    return [
      figure("requests before the one before had ended", [overtaken], "count", atMost(0)),
      figure("added wait at a wake-up: p99", [added.p99], "ms", atMost(50)),
      figure("added wait at a wake-up: p50", [added.p50], "ms"),
      figure("added wait at a wake-up: most", [added.max], "ms"),
      figure("calls", [perSecond], "per second"),
    ];
  },
};

/** From when the request before was answered to an event's own, for all events of a call but the first. */
const addedWaits = ({ n, arrivedUs }: Arrivals) => {
  const atUs = new Map(Array.from(n, (number, row) => [number, arrivedUs[row] ?? 0]));
  const addedMs = [...atUs].flatMap(([number, us]) => {
    const before = number % CALL_TYPES.length === 0 ? undefined : atUs.get(number - 1);
    return before === undefined ? [] : [(us - before) / 1_000 - ENDPOINT_MS];
  });
  return { addedMs, overtaken: addedMs.filter((ms) => ms < 0).length };
};
