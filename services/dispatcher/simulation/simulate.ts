import type { Signal } from "../src/limits/decide/congestion-window.ts";
import type { PermitLimits } from "../src/limits/decide/shares.ts";
import type { SubscriptionLimits } from "../src/limits/decide/subscription-share.ts";
import { createLimiter, SWEEP_INTERVAL_MS } from "../src/limits/limiter.ts";
import type { Permit, PermitRequest } from "../src/limits/permits.ts";
import { createAgenda } from "./agenda.ts";

/** How an endpoint responds to an attempt that begins at `atMs` after the start. */
export type Behaviour = (
  atMs: number,
  random: () => number,
) => {
  readonly durationMs: number;
  readonly signal: Signal;
  /** It is the host that failed. */
  readonly isBelowHttp?: boolean;
};

/** An endpoint, and the events that come for it. */
export type SimulatedEndpoint = {
  readonly name: string;
  readonly workspaceId?: string;
  /** A host that it shares with others; one of its own without it. */
  readonly host?: string;
  readonly behaviour: Behaviour;
  /** When its events come, in ms after the start. */
  readonly arrivalsMs: readonly number[];
  readonly limits?: SubscriptionLimits;
};

/** What became of one endpoint's deliveries. */
export type EndpointStory = {
  /** From each event to the start of its attempt, in ms. */
  readonly waitsMs: number[];
  /** When each attempt began, in ms after the start. */
  readonly startsMs: number[];
  /** How often each delivery was deferred. */
  readonly deferrals: number[];
  inFlight: number;
  maxInFlight: number;
};

export type Story = {
  readonly of: Map<string, EndpointStory>;
  maxInFlight: number;
  maxQueued: number;
  /** Permits that were not released. */
  left: number;
  endedMs: number;
};

type PendingDelivery = { readonly arrivedMs: number; readonly deferrals: number };

export const DEADLINE_MS = 30_000;

/** A schedule fires a moment after it is due (measured: about 10 ms). */
const FIRED_AFTER_MS = 10;

/** Runs a limiter in virtual time until every delivery was attempted. */
export const simulate = async (
  endpoints: readonly SimulatedEndpoint[],
  limits: PermitLimits,
  random: () => number,
): Promise<Story> => {
  const agenda = createAgenda();
  let nowMs = 0;
  const limiter = createLimiter(limits, () => nowMs);
  const story: Story = { of: new Map(), maxInFlight: 0, maxQueued: 0, left: 0, endedMs: 0 };
  let unstarted = countEvents(endpoints);

  const begin = (
    endpoint: SimulatedEndpoint,
    own: EndpointStory,
    release: Permit["release"],
  ): void => {
    story.maxInFlight = Math.max(story.maxInFlight, limiter.inFlight());
    const { durationMs, signal, isBelowHttp = false } = endpoint.behaviour(nowMs, random);
    agenda.at(nowMs + durationMs, () => {
      own.inFlight -= 1;
      release({ destination: signal, origin: isBelowHttp ? "failure" : "success" });
    });
  };

  const attempt = async (
    endpoint: SimulatedEndpoint,
    own: EndpointStory,
    delivery: PendingDelivery,
  ): Promise<void> => {
    const acquired = limiter.acquire(requestOf(endpoint, delivery.deferrals));
    story.maxQueued = Math.max(story.maxQueued, limiter.queued());
    const permit = await acquired;
    if (permit.kind === "closed") throw new Error("the limiter was not closed");
    if (permit.kind === "deferred") {
      const again = { ...delivery, deferrals: delivery.deferrals + 1 };
      agenda.at(nowMs + permit.afterMs + FIRED_AFTER_MS * random(), () => {
        void attempt(endpoint, own, again);
      });
      return;
    }
    unstarted -= 1;
    noteStart(own, delivery, nowMs);
    begin(endpoint, own, permit.release);
  };

  for (const endpoint of endpoints) {
    const own = newStory();
    story.of.set(endpoint.name, own);
    arrive(endpoint.arrivalsMs, 0, agenda.at, (arrivedMs) => {
      void attempt(endpoint, own, { arrivedMs, deferrals: 0 });
    });
  }
  const sweep = (): void => {
    limiter.sweep();
    if (unstarted > 0) agenda.at(nowMs + SWEEP_INTERVAL_MS, sweep);
  };
  agenda.at(0, sweep);
  await agenda.run((timeMs) => (nowMs = timeMs));
  story.left = limiter.inFlight();
  story.endedMs = nowMs;
  return story;
};

const noteStart = (
  own: EndpointStory,
  { arrivedMs, deferrals }: PendingDelivery,
  nowMs: number,
): void => {
  own.waitsMs.push(nowMs - arrivedMs);
  own.startsMs.push(nowMs);
  own.deferrals.push(deferrals);
  own.inFlight += 1;
  own.maxInFlight = Math.max(own.maxInFlight, own.inFlight);
};

const countEvents = (endpoints: readonly SimulatedEndpoint[]): number =>
  endpoints.reduce((sum, { arrivalsMs }) => sum + arrivalsMs.length, 0);

/** One arrival brings the next, so that few of them are on the agenda at a time. */
const arrive = (
  arrivalsMs: readonly number[],
  nth: number,
  at: (timeMs: number, run: () => void) => void,
  onArrival: (atMs: number) => void,
): void => {
  const atMs = arrivalsMs[nth];
  if (atMs === undefined) return;
  at(atMs, () => {
    onArrival(atMs);
    arrive(arrivalsMs, nth + 1, at, onArrival);
  });
};

const newStory = (): EndpointStory => ({
  waitsMs: [],
  startsMs: [],
  deferrals: [],
  inFlight: 0,
  maxInFlight: 0,
});

const requestOf = (
  { name, workspaceId = name, host = name, limits }: SimulatedEndpoint,
  deferrals: number,
): PermitRequest => ({
  workspaceId,
  destination: `https://${host}/${name}`,
  origin: `https://${host}`,
  deferrals,
  timeoutMs: DEADLINE_MS,
  bytes: 1_024,
  limits,
});
