import type { DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import {
  eventStatus,
  worstStatus,
  type EventStatus,
} from "@ringback/contracts/deliveries/event-status";
import type { DestinationHistory } from "./decide/destination-history.ts";
import { historiesOf, type EventHistory, type HistoryQuery } from "./event-records.ts";
import type { RecordsDeps } from "../streams/records.ts";
import {
  acknowledgedUpTo,
  schedulesOf,
  withoutPendingDelivery,
  type OpenDelivery,
} from "../streams/pending-deliveries.ts";

/** An event at one destination, as the streams have it now. */
export type DestinationState = DestinationHistory & {
  readonly status: EventStatus;
  readonly nextAttemptAtMs: number | undefined;
};

/** What became of an event: its records, the state of each destination, and what that comes to. */
export type EventState = Omit<EventHistory, "destinations" | "isFannedOut"> & {
  /** Empty: nobody had subscribed it. */
  readonly destinations: readonly DestinationState[];
  /** The worst of its destinations'. */
  readonly status: EventStatus;
  /** When the next attempt at any destination is due. */
  readonly nextAttemptAtMs: number | undefined;
  /** Of the destinations that were given up, the last one. */
  readonly deadLetter: DeadLetter | undefined;
};

/** The state of each of these events, in their order, as the streams have it now. */
export const statesOf = async (
  query: HistoryQuery,
  deps: RecordsDeps,
): Promise<readonly EventState[]> => {
  // Read before the records: an acknowledged event without any has been handled, or waits for a retry.
  const acknowledged = await acknowledgedUpTo(deps.nats);
  const histories = await historiesOf(query, deps);
  // The deliveries of a stored set are known to be wanted, whether they have a record or not.
  const unrecorded = histories.filter(
    ({ event, attemptCount, isFannedOut }) =>
      event.seq <= acknowledged && attemptCount === 0 && !isFannedOut,
  );
  const [due, ended] = await Promise.all([
    schedulesOf(histories.flatMap(openDeliveries), deps.nats),
    withoutPendingDelivery(unrecorded.flatMap(openDeliveries), deps.nats),
  ]);
  const unsubscribed = new Set(ended.map(({ eventSeq }) => eventSeq));
  return histories.map((history) => stateOf(history, unsubscribed.has(history.event.seq), due));
};

/** The deliveries that go on, as far as records say; of a destination the last one, where people redeliver by hand. */
const openDeliveries = ({ event, destinations }: EventHistory): OpenDelivery[] => {
  const { seq: eventSeq, address } = event;
  if (address === undefined) return [];
  return destinations.filter(isOpen).map(({ deliveryId }) => ({ address, eventSeq, deliveryId }));
};

const isOpen = ({ lastAttempt, deadLetter }: DestinationHistory): boolean =>
  deadLetter === undefined &&
  (lastAttempt === undefined || lastAttempt.record.next.kind === "retry");

const stateOf = (
  { event, attemptCount, attempts, destinations }: EventHistory,
  isSettled: boolean,
  due: ReadonlyMap<string, number>,
): EventState => {
  const states = destinations.map((one) => ({
    ...one,
    status: statusOf(one, isSettled),
    nextAttemptAtMs: nextAttemptAt(one, due),
  }));
  const status = worstStatus(states.map((one) => one.status)) ?? "no_subscription";
  const waiting = states.flatMap(({ nextAttemptAtMs = [] }) => nextAttemptAtMs);
  return {
    event,
    attemptCount,
    attempts,
    destinations: states.filter((one) => one.status !== "no_subscription"),
    status,
    nextAttemptAtMs: waiting.length === 0 ? undefined : Math.min(...waiting),
    deadLetter: lastDeadLetter(states),
  };
};

const statusOf = (
  { isDelivered, lastAttempt, deadLetter }: DestinationHistory,
  isSettled: boolean,
): EventStatus =>
  eventStatus({
    isDelivered,
    lastRecord: lastAttempt?.record,
    isDeadLettered: deadLetter !== undefined,
    isSettled,
  });

const lastDeadLetter = (states: readonly DestinationHistory[]): DeadLetter | undefined =>
  states
    .flatMap(({ deadLetter = [] }) => deadLetter)
    .toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at))
    .at(-1);

/** The time of its schedule, which is later than the record says after a deferral. */
const nextAttemptAt = (
  { deliveryId, lastAttempt, deadLetter }: DestinationHistory,
  due: ReadonlyMap<string, number>,
): number | undefined => {
  if (deadLetter !== undefined) return undefined;
  const scheduled = due.get(deliveryId);
  if (scheduled !== undefined) return scheduled;
  const next = lastAttempt?.record.next;
  return next?.kind === "retry" ? Date.parse(next.at) : undefined;
};
