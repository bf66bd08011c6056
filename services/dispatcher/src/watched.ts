import { entered, flowIn, flowOut, IDLE, left, type Load } from "./decide/admission.ts";
import {
  NOBODY,
  type Crowd,
  type EndpointState,
  type SubscriptionState,
} from "./decide/passage.ts";
import { OPEN_WINDOW } from "./decide/slow-start.ts";
import { clockAfter, slotOf, type Homeless, type Rate } from "./decide/virtual-clock.ts";

/** A place for a state that is replaced. */
export type Box<T> = { state: T };

/** What is watched of a delivery's way. */
export type Watched = {
  readonly endpoint: Box<EndpointState>;
  /** Only of those with limits of their own. */
  readonly subscription: Box<SubscriptionState> | undefined;
};

export const newEndpoint = (): Box<EndpointState> => ({
  state: { load: IDLE, window: OPEN_WINDOW, clockMs: 0 },
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

export const isEmptyCrowd = ({ state }: Readonly<Box<Crowd>>): boolean =>
  state.inFlight === 0 && state.bytes === 0;

/** The slot that one more delivery is given, by the monotonic clock. */
export const promiseSlot = <S extends Promising>(box: Box<S>, homeless: Homeless): number => {
  const { atMs, clockMs } = slotOf(box.state.clockMs, homeless);
  box.state = { ...box.state, clockMs };
  return atMs;
};
