import { seesEndpoint, type Sight } from "../../sight/decide/sight.ts";

/** Where a delivery goes. */
export type Destination = {
  /** Undefined: the agent's subscription. */
  readonly endpointId: string | undefined;
  /** Of an endpoint: the customer's own id. */
  readonly uid?: string | undefined;
};

/** One delivery of an event, by its last record. */
export type RecordedDelivery = Destination & {
  readonly deliveryId: string;
  /** The event's first delivery to its destination, not a redelivery. */
  readonly isFirst: boolean;
  /** Another attempt follows. */
  readonly isOpen: boolean;
  /** How many attempts of its schedule follow; undefined: the record does not say. */
  readonly attemptsLeft?: number | undefined;
  readonly isDelivered?: boolean;
  readonly isDeadLettered?: boolean;
};

/** What the streams have about the deliveries of an event. */
export type EventRecords = {
  /** The dispatchers have acknowledged the event. */
  readonly isAcknowledged: boolean;
  /** The stored set of its first deliveries; undefined: none was stored. */
  readonly stored: readonly Destination[] | undefined;
  /** Those with a record, the one that was recorded last first. */
  readonly deliveries: readonly RecordedDelivery[];
};

export const isSameDestination = (a: Destination, b: Destination): boolean =>
  a.endpointId === b.endpointId;

/** The agent's subscription. */
export const TO_AGENT: Destination = { endpointId: undefined };

/** Where an event went when it was first handled; undefined: nobody has decided yet, or nobody wanted it. */
export const firstDestinations = ({
  stored,
  deliveries,
}: EventRecords): readonly Destination[] | undefined => {
  if (stored !== undefined) return stored;
  const first = deliveries.filter(({ isFirst }) => isFirst);
  return first.length === 0 ? undefined : first;
};

/** Whether a first delivery of the event goes to this destination, or may yet. */
export const mayGoTo = (records: EventRecords, destination: Destination): boolean =>
  firstDestinations(records)?.some((one) => isSameDestination(one, destination)) ?? true;

/**
 * Where a redelivery goes that names no destination: where the event went first and was not delivered; if it was
 * delivered everywhere, there again, as with one destination. To the agent's subscription where it went nowhere. What the
 * caller does not see, it does not deliver to either.
 */
export const redeliveryDestinations = (
  records: EventRecords,
  sight: Pick<Sight, "agents" | "endpoints"> = {},
): readonly Destination[] => {
  const all = firstDestinations(records) ?? [];
  const seen = all.filter(({ endpointId }) => seesEndpoint(sight, endpointId));
  const first = seen.length === 0 ? [TO_AGENT] : seen;
  const missing = first.filter((destination) => !isDeliveredTo(records, destination));
  return missing.length === 0 ? first : missing;
};

const isDeliveredTo = ({ deliveries }: EventRecords, destination: Destination): boolean =>
  deliveries.some((one) => one.isDelivered === true && isSameDestination(one, destination));
