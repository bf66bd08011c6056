import type { Asking, Release } from "../src/limits/permit-request.ts";
import type { Condition } from "../src/delivery/decide/endpoint-signal.ts";
import type { SubscriptionLimits } from "../src/limits/decide/subscription-share.ts";
import type { PermitLimits } from "../src/limits/decide/shares.ts";
import { createGate, SWEEP_EVERY_MS } from "../src/limits/limiter.ts";
import { createAgenda } from "./agenda.ts";

/** How an endpoint answers an attempt that begins at `atMs` after the start. */
export type Answering = (
  atMs: number,
  chance: () => number,
) => {
  readonly durationMs: number;
  readonly condition: Condition;
  /** It is the host that failed. */
  readonly isBelowHttp?: boolean;
};

/** An endpoint, and the events that come for it. */
export type SimulatedEndpoint = {
  readonly name: string;
  readonly workspaceId?: string;
  /** A host that it shares with others; one of its own without it. */
  readonly host?: string;
  readonly answering: Answering;
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
  /** How often each delivery was sent away. */
  readonly deferrals: number[];
  inFlight: number;
  mostInFlight: number;
};

export type Story = {
  readonly of: Map<string, EndpointStory>;
  mostInFlight: number;
  mostInLine: number;
  /** Places that were not given back. */
  left: number;
  endedMs: number;
};

type GiveBack = (released: Release) => void;
type Owed = { readonly arrivedMs: number; readonly deferrals: number };

export const DEADLINE_MS = 30_000;

/** A schedule fires a moment after it is due (measured: about 10 ms). */
const FIRED_AFTER_MS = 10;

/** Has a gate work in virtual time, with as many endpoints as wanted, until every delivery was attempted. */
export const simulate = (
  endpoints: readonly SimulatedEndpoint[],
  limits: PermitLimits,
  chance: () => number,
): Story => {
  const agenda = createAgenda();
  let nowMs = 0;
  const gate = createGate(limits, () => nowMs);
  const story: Story = { of: new Map(), mostInFlight: 0, mostInLine: 0, left: 0, endedMs: 0 };
  let unstarted = countEvents(endpoints);

  const begin = (endpoint: SimulatedEndpoint, own: EndpointStory, release: GiveBack): void => {
    own.inFlight += 1;
    own.mostInFlight = Math.max(own.mostInFlight, own.inFlight);
    story.mostInFlight = Math.max(story.mostInFlight, gate.inFlight());
    const { durationMs, condition, isBelowHttp = false } = endpoint.answering(nowMs, chance);
    agenda.at(nowMs + durationMs, () => {
      own.inFlight -= 1;
      release({ destination: condition, origin: isBelowHttp ? "failing" : "well" });
    });
  };

  const attempt = (endpoint: SimulatedEndpoint, own: EndpointStory, owed: Owed): void => {
    gate.ask(askingOf(endpoint, owed.deferrals), (passage) => {
      if (passage.kind === "closed") throw new Error("nobody closed it");
      if (passage.kind === "deferred") {
        const again = { ...owed, deferrals: owed.deferrals + 1 };
        agenda.at(nowMs + passage.afterMs + FIRED_AFTER_MS * chance(), () =>
          attempt(endpoint, own, again),
        );
        return;
      }
      unstarted -= 1;
      own.waitsMs.push(nowMs - owed.arrivedMs);
      own.startsMs.push(nowMs);
      own.deferrals.push(owed.deferrals);
      begin(endpoint, own, passage.release);
    });
    story.mostInLine = Math.max(story.mostInLine, gate.inLine());
  };

  for (const endpoint of endpoints) {
    const own = newStory();
    story.of.set(endpoint.name, own);
    arrive(endpoint.arrivalsMs, 0, agenda.at, (arrivedMs) =>
      attempt(endpoint, own, { arrivedMs, deferrals: 0 }),
    );
  }
  const sweep = (): void => {
    gate.sweep();
    if (unstarted > 0) agenda.at(nowMs + SWEEP_EVERY_MS, sweep);
  };
  agenda.at(0, sweep);
  agenda.run((timeMs) => {
    nowMs = timeMs;
  });
  story.left = gate.inFlight();
  story.endedMs = nowMs;
  return story;
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
  mostInFlight: 0,
});

const askingOf = (
  { name, workspaceId = name, host = name, limits }: SimulatedEndpoint,
  deferrals: number,
): Asking => ({
  workspaceId,
  destination: `https://${host}/${name}`,
  origin: `https://${host}`,
  deferrals,
  timeoutMs: DEADLINE_MS,
  bytes: 1_024,
  limits,
});
