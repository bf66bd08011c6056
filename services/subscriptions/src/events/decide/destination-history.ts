import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import type { DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import { deliveryIdParts, firstDeliveryId } from "@ringback/contracts/deliveries/delivery-id";
import { isLastWord } from "@ringback/contracts/deliveries/event-status";
import type { FanOut } from "@ringback/contracts/deliveries/fan-out";

type Attempt = {
  readonly seq: number;
  readonly deliveryId: string;
  readonly record: AttemptRecord;
};

/** A destination of an event: an endpoint by its id, or `AGENT`. */
export type DestinationKey = string;

/** The agent's subscription, and every event that was given up before its destinations were known. */
export const AGENT = "";

/** What is stored about an event. */
export type StoredAbout = {
  readonly eventSeq: number;
  /** Newest first. */
  readonly attempts: readonly Attempt[];
  /** The last one of each destination. */
  readonly deadLetters: ReadonlyMap<DestinationKey, DeadLetter>;
  /** The stored set of its first deliveries; undefined: none was stored. */
  readonly fanOut: FanOut["deliveries"] | undefined;
};

/** What the streams have about an event at one destination, over its first delivery there and all redeliveries. */
export type DestinationHistory = {
  /** Undefined: the agent's subscription. */
  readonly endpointId: string | undefined;
  /** The customer's own id of the endpoint. */
  readonly uid: string | undefined;
  /** The delivery that was attempted last; the first one where none was. */
  readonly deliveryId: string;
  /** Newest first. */
  readonly attempts: readonly Attempt[];
  readonly isDelivered: boolean;
  readonly lastAttempt: Attempt | undefined;
  /** The last one, unless a redelivery to this destination was a success or went on since. */
  readonly deadLetter: DeadLetter | undefined;
};

/**
 * The destinations of an event that the streams name, the agent's subscription first, then endpoints by their ids.
 * As long as they name none, it is one delivery to the agent's subscription, which may turn out to have none.
 */
export const destinationHistories = (about: StoredAbout): readonly DestinationHistory[] => {
  const { attempts, deadLetters, fanOut = [] } = about;
  const byDestination = Map.groupBy(attempts, ({ deliveryId }) => destinationOf(deliveryId));
  const planned = fanOut.map(({ endpoint_id }) => endpoint_id ?? AGENT);
  const all = new Set([...planned, ...byDestination.keys(), ...deadLetters.keys()]);
  if (all.size === 0) all.add(AGENT);
  return [...all]
    .toSorted()
    .map((destination) => historyAt(destination, byDestination.get(destination) ?? [], about));
};

const destinationOf = (deliveryId: string): DestinationKey =>
  deliveryIdParts(deliveryId)?.endpointId ?? AGENT;

const historyAt = (
  destination: DestinationKey,
  attempts: readonly Attempt[],
  { eventSeq, deadLetters, fanOut }: StoredAbout,
): DestinationHistory => {
  const endpointId = destination === AGENT ? undefined : destination;
  const [last] = attempts;
  const isDelivered = attempts.some(({ record }) => record.outcome.kind === "delivered");
  const deadLetter = deadLetters.get(destination);
  const planned = fanOut?.find(({ endpoint_id }) => endpoint_id === endpointId);
  return {
    endpointId,
    uid: last?.record.uid ?? planned?.uid ?? uidIn(deadLetter),
    deliveryId: last?.deliveryId ?? firstDeliveryId(eventSeq, endpointId),
    attempts,
    isDelivered,
    lastAttempt: last,
    deadLetter: isOfNow(deadLetter, last?.record) && !isDelivered ? deadLetter : undefined,
  };
};

const uidIn = (deadLetter: DeadLetter | undefined): string | undefined => {
  const uid: unknown = deadLetter?.["uid"];
  return typeof uid === "string" ? uid : undefined;
};

/** False for a dead letter of an earlier delivery, which a redelivery followed. */
const isOfNow = (deadLetter: DeadLetter | undefined, last: AttemptRecord | undefined): boolean =>
  deadLetter !== undefined && (isLastWord(deadLetter, last) || last?.next.kind === "dead_letter");
