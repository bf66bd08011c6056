import { setTimeout as delay } from "node:timers/promises";
import { STREAMS } from "@ringback/contracts/subjects";
import { eventually } from "../../scripts/local/wait.ts";
import { acceptedEvents, type Arrivals } from "../arrivals.ts";
import { atMost, figure, type Figure } from "../figures.ts";
import { arrivalsDuring, eventsOf, faredOf, publishPaced, type Pace } from "../paced-run.ts";
import type { Bench, Scenario } from "../scenario.ts";
import { startStack, type Stack } from "../stack.ts";

const OTHERS = 100;
const BYTES = 1_024;

/** Short, so that a schedule is over within the run; its shape is that of the default. */
const RETRY_DELAYS = { full: "2s,5s,10s", short: "100ms,100ms,100ms" };
const GIVEN_UP_MS = 4 * 60_000;

/** An endpoint is down until all its events are given up, then it is back. */
export const outage: Scenario = {
  name: "outage",
  longestMs: 7 * 60_000,
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
    const recoveryMs = await recovery(bench, stack, from + eventsOf(others) + events);
    const lost = events - down.givenUp - down.delivered;
    const before = faredOf(alone, others, isOther);
    const during = faredOf(down.arrivals, { ...others, from }, isOther);
    return [
      figure("p99 of the others, by before", [during.p99 / before.p99], "ratio", atMost(1.2)),
      figure("p99 of the others before", [before.p99], "ms"),
      figure("p99 of the others meanwhile", [during.p99], "ms"),
      figure("others not delivered in time", [during.missing], "count", atMost(0)),
      figure("events lost: neither delivered nor a dead letter", [lost], "count", atMost(0)),
      figure("back → its next event is delivered", [recoveryMs], "ms"),
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

type Down = {
  readonly arrivals: Arrivals;
  readonly givenUp: number;
  /** To the endpoint that was down: none, if nothing is wrong with the benchmark. */
  readonly delivered: number;
};

/** The others go on at their pace while agent 0's events are published at once, and all fail. */
const whileDown = async (
  bench: Bench,
  stack: Stack,
  others: Pace,
  events: number,
): Promise<Down> => {
  const { nats, load, receivers } = stack;
  await receivers.behave(0, 1, "refuses");
  const crowd = { first: 0, count: 1 };
  const batch = { crowd, from: others.from + eventsOf(others), count: events, bytes: BYTES };
  const work = () => Promise.all([load.ask("burst", batch, 60_000), publishPaced(stack, others)]);
  const arrivals = await arrivalsDuring(stack, work, 500, bench.signal);
  await eventually(
    async () => {
      const givenUp = await nats.storedIn(STREAMS.deadLetters);
      if (givenUp < events) throw new Error(`${givenUp} of ${events} were`);
      return true;
    },
    { what: "every event to be given up", timeoutMs: GIVEN_UP_MS, signal: bench.signal },
  );
  const givenUp = await nats.storedIn(STREAMS.deadLetters);
  return { arrivals, givenUp, delivered: acceptedEvents(arrivals) - acceptedOthers(arrivals) };
};

const acceptedOthers = ({ n, agent, isAccepted }: Arrivals): number =>
  new Set(n.filter((_, row) => agent[row]! > 0 && isAccepted[row] === 1)).size;

/** From the moment when the endpoint answers again until it has an event that is published then. */
const recovery = async (
  { signal }: Bench,
  { load, receivers }: Stack,
  from: number,
): Promise<number> => {
  await receivers.behave(0, 1, "ok");
  await receivers.keep(true);
  const startMs = performance.now();
  await load.ask("burst", { crowd: { first: 0, count: 1 }, from, count: 1, bytes: BYTES });
  for (;;) {
    const { n, isAccepted } = await receivers.take();
    if (n.some((each, row) => each === from && isAccepted[row] === 1)) break;
    await delay(5, undefined, { signal });
    if (performance.now() - startMs > 60_000) throw new Error("the endpoint is not served again");
  }
  await receivers.keep(false);
  return performance.now() - startMs;
};
