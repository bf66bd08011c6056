import { setTimeout as delay } from "node:timers/promises";
import { eventually } from "../scripts/local/wait.ts";
import { latenciesMs, type Arrivals } from "./arrivals.ts";
import { agentOf, type Crowd } from "./payload.ts";
import { spreadOf } from "./percentiles.ts";
import type { Stack } from "./stack.ts";

/** Events that are published at an even rate, whatever becomes of them. */
export type Pace = {
  readonly crowd: Crowd;
  readonly from: number;
  readonly perSecond: number;
  readonly seconds: number;
  readonly bytes: number;
};

export const eventsOf = ({ perSecond, seconds }: Pace): number => Math.round(perSecond * seconds);

/** Publishes at this pace; the arrivals are the receivers' to tell. */
export const publishPaced = (
  { load }: Stack,
  pace: Pace,
  subject?: string,
): Promise<{ readonly latestMs: number }> => {
  const { crowd, from, perSecond, bytes } = pace;
  const batch = { crowd, from, count: eventsOf(pace), bytes, perSecond };
  const timeoutMs = pace.seconds * 1_000 + 60_000;
  return load.ask("paced", subject === undefined ? batch : { ...batch, subject }, timeoutMs);
};

/** What comes in at the receivers while `work` goes on, and for a moment longer. */
export const arrivalsDuring = async (
  { receivers }: Stack,
  work: () => Promise<unknown>,
  afterwardsMs: number,
  signal: AbortSignal,
): Promise<Arrivals> => {
  await receivers.keep(true);
  await work();
  await delay(afterwardsMs, undefined, { signal });
  await receivers.keep(false);
  return receivers.take();
};

/** Waits until the receivers have had this many requests. */
export const untilReceived = async (
  { receivers }: Stack,
  wanted: number,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> => {
  await eventually(
    async () => {
      const count = await receivers.count();
      if (count < wanted) throw new Error(`there were ${count}`);
      return true;
    },
    { what: `${wanted} requests`, timeoutMs, signal },
  );
};

/**
 * Until then code is compiled, connections are opened, and a dispatcher learns what an endpoint can do; at most
 * half of a run, so that one that is shorter has events to judge.
 */
const WARM_UP_SECONDS = 5;

const warmUpEventsOf = ({ perSecond, seconds }: Pace): number =>
  Math.round(perSecond * Math.min(WARM_UP_SECONDS, seconds / 2));

/** How some agents' events fared, once warmed up. */
export type Fared = {
  readonly p50: number;
  readonly p99: number;
  /** Events that no receiver has seen. */
  readonly missing: number;
};

/** How the events of these agents fared that were published at this pace. */
export const faredOf = (
  arrivals: Arrivals,
  pace: Pace,
  isWanted: (agent: number) => boolean,
): Fared => {
  const last = pace.from + eventsOf(pace);
  const first = pace.from + warmUpEventsOf(pace);
  const counts = ({ n, agent }: { readonly n: number; readonly agent: number }): boolean =>
    n >= first && n < last && isWanted(agent);
  let missing = 0;
  const seen = new Set(arrivals.n);
  for (let n = first; n < last; n += 1) {
    if (counts({ n, agent: agentOf(n, pace.crowd) }) && !seen.has(n)) missing += 1;
  }
  const { p50, p99 } = spreadOf(latenciesMs(arrivals, counts));
  return { p50, p99, missing };
};
