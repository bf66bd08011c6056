import { setTimeout as delay } from "node:timers/promises";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import { atMost, figure, type Figure } from "../figures.ts";
import {
  arrivalsDuring,
  eventsOf,
  faredOf,
  publishPaced,
  type Fared,
  type Pace,
} from "../paced-run.ts";
import type { Bench, Scenario } from "../scenario.ts";
import { startStack, type Stack } from "../stack.ts";

const OTHERS = 100;
const BYTES = 1_024;

/** Short, so that a schedule is over within the run; its shape is that of the default. */
const RETRY_DELAYS = { full: "2s,5s,10s", short: "100ms,100ms,100ms" };
/** Longer than the whole schedule, so that what is attempted at once is given up. */
const DOWN_MS = { full: 60_000, short: 1_000 };
const SETTLED_WITHIN_MS = 5 * 60_000;

/**
 * An endpoint is down for longer than its whole schedule while its events go on coming, then it is back.
 * Then it is down again, and as many events come at once.
 */
export const outage: Scenario = {
  name: "outage",
  longestMs: 9 * 60_000,
  run: async (bench) => {
    const { isShort, events = isShort ? 200 : 50_000 } = bench.options;
    await using stack = await startStack(bench, { endpoints: OTHERS + 1, agents: OTHERS + 1 });
    await stack.startDispatcher({ RETRY_DELAYS: RETRY_DELAYS[isShort ? "short" : "full"] });
    const downMs = DOWN_MS[isShort ? "short" : "full"];
    const alone = othersOf(bench, 0, downMs);
    bench.say("the others alone");
    const before = await fared(bench, stack, alone, () => publishPaced(stack, alone));
    const down = othersOf(bench, eventsOf(alone), downMs);
    const steadily = { crowd: DOWN, from: down.from + eventsOf(down), count: events, bytes: BYTES };
    bench.say(`an endpoint is down, and ${events} events come meanwhile`);
    await stack.receivers.behave(0, 1, "refuses");
    const perSecond = (events * 1_000) / downMs;
    const during = await fared(bench, stack, down, () =>
      Promise.all([
        stack.load.ask("paced", { ...steadily, perSecond }, downMs + 60_000),
        publishPaced(stack, down),
      ]),
    );
    bench.say("it is back");
    const back = await recovery(bench, stack, { first: steadily.from, events });
    const again = othersOf(bench, steadily.from + events + 1, downMs);
    const atOnce = { ...steadily, from: again.from + eventsOf(again) };
    bench.say(`it is down again, and ${events} events come at once`);
    await stack.receivers.behave(0, 1, "refuses");
    const burst = await fared(bench, stack, again, () =>
      Promise.all([stack.load.ask("burst", atOnce, 60_000), publishPaced(stack, again)]),
    );
    return figuresOf(before, during, back, burst);
  },
};

const figuresOf = (
  before: Fared,
  during: Fared,
  back: Recovery,
  burst: Fared,
): readonly Figure[] => [
  figure("p99 of the others, by before", [during.p99 / before.p99], "ratio", atMost(1.2)),
  figure("p99 of the others before", [before.p99], "ms"),
  figure("p99 of the others meanwhile", [during.p99], "ms"),
  figure("others not delivered in time", [during.missing + burst.missing], "count", atMost(0)),
  figure("events lost: neither delivered nor a dead letter", [back.lost], "count", atMost(0)),
  figure("events given up", [back.givenUp], "count"),
  figure("back → its next event is delivered", [back.nextMs], "ms"),
  figure("back → every earlier event is delivered or given up", [back.allMs / 1_000], "s"),
  figure(
    "all at once: p99 of the others, by before",
    [burst.p99 / before.p99],
    "ratio",
    atMost(1.2),
  ),
  figure("all at once: p99 of the others", [burst.p99], "ms"),
  figure("all at once: p50 of the others", [burst.p50], "ms"),
];

/** The agent whose endpoint is down. */
const DOWN = { first: 0, count: 1 };

const isOther = (agent: number): boolean => agent > 0;

/** The others, at their pace for as long as the endpoint is down. */
const othersOf = ({ options }: Bench, from: number, downMs: number): Pace => ({
  crowd: { first: 1, count: OTHERS },
  from,
  perSecond: options.perSecond ?? 100,
  seconds: options.seconds ?? downMs / 1_000,
  bytes: BYTES,
});

const fared = async (
  { signal }: Bench,
  stack: Stack,
  others: Pace,
  work: () => Promise<unknown>,
): Promise<Fared> => faredOf(await arrivalsDuring(stack, work, 500, signal), others, isOther);

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
