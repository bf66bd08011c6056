import { setTimeout as delay } from "node:timers/promises";
import { STREAMS } from "@ringback/contracts/subjects";
import type { Arrivals } from "../arrivals.ts";
import { atMost, figure, type Figure } from "../figures.ts";
import { arrivalsDuring, eventsOf, faredOf, publishPaced, type Pace } from "../paced-run.ts";
import type { Bench, Scenario } from "../scenario.ts";
import { startStack, type Stack } from "../stack.ts";

const OTHERS = 100;
const BYTES = 1_024;

/** Short, so that a schedule is over within the run; its shape is that of the default. */
const RETRY_DELAYS = { full: "2s,5s,10s", short: "100ms,100ms,100ms" };
/** Longer than the whole schedule, so that what is attempted at once is given up. */
const DOWN_MS = { full: 60_000, short: 1_000 };
const SETTLED_WITHIN_MS = 5 * 60_000;

/** An endpoint is down for longer than its whole schedule, then it is back. */
export const outage: Scenario = {
  name: "outage",
  longestMs: 9 * 60_000,
  run: async (bench) => {
    const { isShort, events = isShort ? 200 : 50_000 } = bench.options;
    await using stack = await startStack(bench, { endpoints: OTHERS + 1, agents: OTHERS + 1 });
    await stack.startDispatcher({ RETRY_DELAYS: RETRY_DELAYS[isShort ? "short" : "full"] });
    const others = othersOf(bench);
    bench.say("the others alone");
    const publish = () => publishPaced(stack, others);
    const alone = await arrivalsDuring(stack, publish, 500, bench.signal);
    bench.say(`an endpoint with ${events} events is down`);
    const from = eventsOf(others);
    const down = await whileDown(bench, stack, { ...others, from }, events);
    bench.say("it is back");
    const back = await recovery(bench, stack, { first: from + eventsOf(others), events });
    const before = faredOf(alone, others, isOther);
    const during = faredOf(down, { ...others, from }, isOther);
    return [
      figure("p99 of the others, by before", [during.p99 / before.p99], "ratio", atMost(1.2)),
      figure("p99 of the others before", [before.p99], "ms"),
      figure("p99 of the others meanwhile", [during.p99], "ms"),
      figure("others not delivered in time", [during.missing], "count", atMost(0)),
      figure("events lost: neither delivered nor a dead letter", [back.lost], "count", atMost(0)),
      figure("events given up", [back.givenUp], "count"),
      figure("back → its next event is delivered", [back.nextMs], "ms"),
      figure("back → every earlier event is delivered or given up", [back.allMs / 1_000], "s"),
    ] satisfies readonly Figure[];
  },
};

const isOther = (agent: number): boolean => agent > 0;

const othersOf = ({ options }: Bench): Pace => ({
  crowd: { first: 1, count: OTHERS },
  from: 0,
  perSecond: options.perSecond ?? 100,
  seconds: options.seconds ?? (options.isShort ? 1 : 30),
  bytes: BYTES,
});

/** The others go on at their pace while agent 0's events are published at once, and all fail. */
const whileDown = async (
  bench: Bench,
  stack: Stack,
  others: Pace,
  events: number,
): Promise<Arrivals> => {
  const { load, receivers } = stack;
  await receivers.behave(0, 1, "refuses");
  const crowd = { first: 0, count: 1 };
  const batch = { crowd, from: others.from + eventsOf(others), count: events, bytes: BYTES };
  const isUpAgain = delay(DOWN_MS[bench.options.isShort ? "short" : "full"], undefined, {
    signal: bench.signal,
  });
  const work = () => Promise.all([load.ask("burst", batch, 60_000), publishPaced(stack, others)]);
  const [arrivals] = await Promise.all([arrivalsDuring(stack, work, 500, bench.signal), isUpAgain]);
  return arrivals;
};

type Recovery = {
  /** Until an event that is published when the endpoint is back has reached it. */
  readonly nextMs: number;
  /** Until nothing of what was published before is under way any more. */
  readonly allMs: number;
  readonly givenUp: number;
  readonly lost: number;
};

/** From the moment when the endpoint answers again until each of its events has come to its end. */
const recovery = async (
  { signal }: Bench,
  { load, nats, receivers }: Stack,
  { first, events }: { readonly first: number; readonly events: number },
): Promise<Recovery> => {
  const next = first + events;
  const delivered = new Set<number>();
  let nextMs = Number.NaN;
  await receivers.keep(true);
  await receivers.behave(0, 1, "ok");
  const startMs = performance.now();
  const sinceMs = (): number => performance.now() - startMs;
  await load.ask("burst", { crowd: { first: 0, count: 1 }, from: next, count: 1, bytes: BYTES });
  for (;;) {
    const { n, agent, isAccepted } = await receivers.take();
    for (const [row, event] of n.entries()) {
      if (agent[row] === 0 && isAccepted[row] === 1) delivered.add(event);
    }
    if (Number.isNaN(nextMs) && delivered.has(next)) nextMs = sinceMs();
    const givenUp = await nats.storedIn(STREAMS.deadLetters);
    const lost = events + 1 - delivered.size - givenUp;
    if (lost <= 0 || sinceMs() > SETTLED_WITHIN_MS) {
      await receivers.keep(false);
      return { nextMs, allMs: sinceMs(), givenUp, lost };
    }
    await delay(Number.isNaN(nextMs) ? 5 : 200, undefined, { signal });
  }
};
