import { entered, flowIn, flowOut, IDLE, left, NO_FLOW, type Load } from "./decide/admission.ts";
import { isOutage, NEW_WINDOW, windowAfter } from "./decide/congestion-window.ts";
import type { Condition } from "../delivery/decide/endpoint-signal.ts";
import { OPEN, originWindowAfter, withRecent } from "./decide/origin-window.ts";
import { NOBODY, type Crowd, type SubscriptionState } from "./decide/permit.ts";
import type { DestinationState, OriginState } from "./decide/shares.ts";
import { clockAfter, slotOf, type Homeless, type Rate } from "./decide/slots.ts";

/** A place for a state that is replaced. */
export type Box<T> = { state: T };

/** What is watched of a delivery's way. */
export type Watched = {
  readonly destination: Box<DestinationState>;
  readonly origin: Box<OriginState>;
  /** Only of those with limits of their own. */
  readonly subscription: Box<SubscriptionState> | undefined;
};

export const newDestination = (): Box<DestinationState> => ({
  state: { load: IDLE, window: NEW_WINDOW, clockMs: 0, closedUntilMs: 0 },
});

export const newOrigin = (): Box<OriginState> => ({
  state: { flow: NO_FLOW, window: OPEN, recent: new Map() },
});

export const newSubscription = (): Box<SubscriptionState> => ({
  state: { load: IDLE, clockMs: 0, fullMs: 0 },
});

export const newCrowd = (): Box<Crowd> => ({ state: NOBODY });

type Loaded = { readonly load: Load };
type Promising = { readonly clockMs: number };

/** Nothing is in flight there: what is known of it may be forgotten. */
export const isUnused = ({ state }: Readonly<Box<Loaded>>): boolean =>
  state.load.starts.length === 0;

export const isEmptyOrigin = ({ state }: Readonly<Box<OriginState>>): boolean =>
  state.flow.inFlight === 0;

export const isEmptyCrowd = ({ state }: Readonly<Box<Crowd>>): boolean =>
  state.inFlight === 0 && state.bytes === 0;

export const enter = <S extends Loaded>(box: Box<S>, startMs: number): void => {
  box.state = { ...box.state, load: entered(box.state.load, startMs) };
};

/** The same for a subscription, where it has a rate: one of those that it allows is used. */
export const enterSubscription = (
  box: Box<SubscriptionState>,
  rate: Rate | undefined,
  startMs: number,
): void => {
  enter(box, startMs);
  if (rate === undefined) return;
  box.state = { ...box.state, fullMs: clockAfter(box.state.fullMs, rate, startMs) };
};

export const leave = <S extends Loaded>(box: Box<S>, startMs: number, endMs: number): void => {
  box.state = { ...box.state, load: left(box.state.load, startMs, endMs) };
};

/** `askedMs`: for how long it asked to be left alone. */
export const leaveDestination = (
  box: Box<DestinationState>,
  { startMs, endMs }: { readonly startMs: number; readonly endMs: number },
  condition: Condition,
  askedMs = 0,
): void => {
  const inFlight = box.state.load.starts.length;
  leave(box, startMs, endMs);
  const { window, closedUntilMs } = box.state;
  const ended = { condition, tookMs: endMs - startMs, inFlight };
  box.state = {
    ...box.state,
    window: windowAfter(window, ended),
    closedUntilMs: Math.max(closedUntilMs, endMs + askedMs),
  };
};

export const enterOrigin = (box: Box<OriginState>, startMs: number): void => {
  box.state = { ...box.state, flow: flowIn(box.state.flow, startMs) };
};

export const leaveOrigin = (
  box: Box<OriginState>,
  endMs: number,
  condition: Condition,
  destination: { readonly name: string; readonly state: DestinationState },
): void => {
  const { flow, window, recent } = box.state;
  box.state = {
    flow: flowOut(flow, endMs),
    window: originWindowAfter(window, condition),
    recent: withRecent(recent, destination.name, isOutage(destination.state.window)),
  };
};

export const enterCrowd = (box: Box<Crowd>, startMs: number): void => {
  box.state = { ...box.state, ...flowIn(box.state, startMs) };
};

export const leaveCrowd = (box: Box<Crowd>, endMs: number): void => {
  box.state = { ...box.state, ...flowOut(box.state, endMs) };
};

/** A negative number lets go of them. */
export const holdBytes = (box: Box<Crowd>, bytes: number): void => {
  box.state = { ...box.state, bytes: box.state.bytes + bytes };
};

/** The slot that one more delivery is given, by the monotonic clock. */
export const promiseSlot = <S extends Promising>(box: Box<S>, homeless: Homeless): number => {
  const { atMs, clockMs } = slotOf(box.state.clockMs, homeless);
  box.state = { ...box.state, clockMs };
  return atMs;
};
