import { deliveryId } from "@ringback/contracts/events/event";
import { eventStatus, type EventStatus } from "@ringback/contracts/deliveries/event-status";
import { historyOf, type EventHistory, type HistoryQuery } from "./event-records.ts";
import type { RecordsDeps } from "../streams/decode.ts";
import type { StoredEvent } from "./stored-event.ts";
import {
  acknowledgedUpTo,
  schedulesOf,
  withoutPendingDelivery,
  type OpenDelivery,
} from "../streams/pending-deliveries.ts";

/** What became of an event: its history, its status, and when its next attempt is due. */
export type EventState = EventHistory & {
  readonly status: EventStatus;
  readonly nextAttemptAtMs: number | undefined;
};

/** The state of each of these events, by its sequence, as the streams have it now. */
export const statesOf = async (
  query: HistoryQuery,
  deps: RecordsDeps,
): Promise<ReadonlyMap<number, EventState>> => {
  const { events } = query;
  // Read before the records: an acknowledged event without any has been handled, or waits for a retry.
  const acknowledged = await acknowledgedUpTo(deps.nats);
  const histories = await historyOf(query, deps);
  const open = events.flatMap((event) => openDelivery(event, histories.get(event.seq)));
  const unrecorded = open.filter(
    ({ eventSeq }) => eventSeq <= acknowledged && histories.get(eventSeq)?.attemptCount === 0,
  );
  const [due, ended] = await Promise.all([
    schedulesOf(open, deps.nats),
    withoutPendingDelivery(unrecorded, deps.nats),
  ]);
  const unsubscribed = new Set(ended.map(({ eventSeq }) => eventSeq));
  return new Map(
    events.map(({ seq }) => {
      const history = histories.get(seq) ?? NO_HISTORY;
      const status = statusOf(history, unsubscribed.has(seq));
      return [seq, { ...history, status, nextAttemptAtMs: nextAttemptAt(seq, history, due) }];
    }),
  );
};

const NO_HISTORY: EventHistory = {
  attemptCount: 0,
  isDelivered: false,
  attempts: [],
  lastAttempt: undefined,
  deadLetter: undefined,
};

/** The delivery that goes on, as far as records say; the last one, where people redeliver by hand. */
const openDelivery = (
  { seq, address }: StoredEvent,
  { lastAttempt, deadLetter }: EventHistory = NO_HISTORY,
): OpenDelivery[] => {
  if (address === undefined || deadLetter !== undefined) return [];
  if (lastAttempt !== undefined && lastAttempt.record.next.kind !== "retry") return [];
  return [{ address, eventSeq: seq, deliveryId: lastAttempt?.deliveryId ?? deliveryId(seq) }];
};

const statusOf = (
  { isDelivered, lastAttempt, deadLetter }: EventHistory,
  isSettled: boolean,
): EventStatus =>
  eventStatus({
    isDelivered,
    lastRecord: lastAttempt?.record,
    isDeadLettered: deadLetter !== undefined,
    isSettled,
  });

/** The time of its schedule, which is later than the record says after a deferral. */
const nextAttemptAt = (
  seq: number,
  { lastAttempt, deadLetter }: EventHistory,
  due: ReadonlyMap<string, number>,
): number | undefined => {
  if (deadLetter !== undefined) return undefined;
  const scheduled = due.get(lastAttempt?.deliveryId ?? deliveryId(seq));
  if (scheduled !== undefined) return scheduled;
  const next = lastAttempt?.record.next;
  return next?.kind === "retry" ? Date.parse(next.at) : undefined;
};
