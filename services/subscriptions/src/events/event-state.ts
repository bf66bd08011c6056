import { deliveryId } from "@ringback/contracts/events/event";
import { eventStatus, type EventStatus } from "@ringback/contracts/deliveries/event-status";
import { historiesOf, type EventHistory, type HistoryQuery } from "./event-records.ts";
import type { RecordsDeps } from "../streams/records.ts";
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

/** The state of each of these events, in their order, as the streams have it now. */
export const statesOf = async (
  query: HistoryQuery,
  deps: RecordsDeps,
): Promise<readonly EventState[]> => {
  // Read before the records: an acknowledged event without any has been handled, or waits for a retry.
  const acknowledged = await acknowledgedUpTo(deps.nats);
  const histories = await historiesOf(query, deps);
  const unrecorded = histories.filter(
    ({ event, attemptCount }) => event.seq <= acknowledged && attemptCount === 0,
  );
  const [due, ended] = await Promise.all([
    schedulesOf(histories.flatMap(openDelivery), deps.nats),
    withoutPendingDelivery(unrecorded.flatMap(openDelivery), deps.nats),
  ]);
  const unsubscribed = new Set(ended.map(({ eventSeq }) => eventSeq));
  return histories.map((history) => ({
    ...history,
    status: statusOf(history, unsubscribed.has(history.event.seq)),
    nextAttemptAtMs: nextAttemptAt(history, due),
  }));
};

/** The delivery that goes on, as far as records say; the last one, where people redeliver by hand. */
const openDelivery = ({
  event: { seq, address },
  lastAttempt,
  deadLetter,
}: EventHistory): OpenDelivery[] => {
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
  { event, lastAttempt, deadLetter }: EventHistory,
  due: ReadonlyMap<string, number>,
): number | undefined => {
  if (deadLetter !== undefined) return undefined;
  const scheduled = due.get(lastAttempt?.deliveryId ?? deliveryId(event.seq));
  if (scheduled !== undefined) return scheduled;
  const next = lastAttempt?.record.next;
  return next?.kind === "retry" ? Date.parse(next.at) : undefined;
};
