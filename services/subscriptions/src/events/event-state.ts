import { deliveryId } from "@ringback/contracts/events/event";
import { eventStatus, type EventStatus } from "@ringback/contracts/deliveries/event-status";
import type { Nats } from "@ringback/runtime/nats/connection";
import { historyOf, type EventHistory, type HistoryQuery } from "./event-records.ts";
import type { RecordsDeps } from "../streams/decode.ts";
import type { StoredEvent } from "./stored-event.ts";
import {
  acknowledgedUpTo,
  notOnTheWay,
  schedulesOf,
  type OpenDelivery,
} from "../streams/pending-deliveries.ts";

/** Where an event stands: its status, and when its next attempt is due. */
export type Situation = EventHistory & {
  readonly status: EventStatus;
  readonly nextAttemptAtMs: number | undefined;
};

/** Where each of these events stands, by what the streams say now. */
export const situationsOf = async (
  query: HistoryQuery,
  deps: RecordsDeps,
): Promise<ReadonlyMap<number, Situation>> => {
  const { events } = query;
  // Acknowledged before the records are read: what has none then had its turn, or waits for it.
  const floor = await acknowledgedUpTo(deps.nats);
  const histories = await historyOf(query, deps);
  const open = events.flatMap((event) => openDelivery(event, histories.get(event.seq)));
  const [due, settled] = await Promise.all([
    schedulesOf(open, deps.nats),
    settledOf(open, histories, floor, deps.nats),
  ]);
  return new Map(
    events.map(({ seq }) => {
      const history = histories.get(seq) ?? NO_HISTORY;
      const isSettled = settled.has(deliveryId(seq));
      return [seq, situationIn(seq, history, isSettled, due)];
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

/** The delivery that goes on, as far as is recorded. Several may, when people redeliver by hand. */
const openDelivery = (
  { seq, address }: StoredEvent,
  history: EventHistory = NO_HISTORY,
): OpenDelivery[] => {
  const { lastAttempt, deadLetter } = history;
  if (address === undefined || deadLetter !== undefined) return [];
  if (lastAttempt === undefined) return [{ address, eventSeq: seq, deliveryId: deliveryId(seq) }];
  if (lastAttempt.record.next.kind !== "retry") return [];
  return [{ address, eventSeq: seq, deliveryId: lastAttempt.deliveryId }];
};

const settledOf = async (
  open: readonly OpenDelivery[],
  histories: ReadonlyMap<number, EventHistory>,
  floor: number,
  nats: Nats,
): Promise<ReadonlySet<string>> => {
  const candidates = open.filter(
    ({ eventSeq }) => eventSeq <= floor && histories.get(eventSeq)?.attemptCount === 0,
  );
  return candidates.length === 0 ? new Set() : notOnTheWay(candidates, nats);
};

const situationIn = (
  seq: number,
  history: EventHistory,
  isSettled: boolean,
  due: ReadonlyMap<string, number>,
): Situation => {
  const { isDelivered, lastAttempt, deadLetter } = history;
  const status = eventStatus({
    isDelivered,
    lastRecord: lastAttempt?.record,
    isGivenUp: deadLetter !== undefined,
    isSettled,
  });
  return { ...history, status, nextAttemptAtMs: nextAttemptAt(seq, history, due) };
};

/** By its schedule, which may be later than the record says where it had to be put off. */
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
