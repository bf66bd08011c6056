import { firstDeliveryId } from "@ringback/contracts/deliveries/delivery-id";
import type { FanOut } from "@ringback/contracts/deliveries/fan-out";
import type { Candidates, DeliverableEndpoint } from "@ringback/contracts/endpoints/destination";
import type { EventAddress } from "@ringback/contracts/events/event";
import type { TraceContext } from "@ringback/contracts/trace-context";
import { mapConcurrently } from "@ringback/runtime/process/concurrency";
import type { DeliveryStore } from "../settle/delivery-store.ts";
import type { EndpointFilters, FilteredEvent } from "./endpoint-filters.ts";
import { attemptStateOf } from "./attempt-state.ts";

export type FanOutDeps = {
  /** Who an event is for as things are now; throws where the stream does not reply. */
  readonly candidates: (address: EventAddress) => Promise<Candidates>;
  readonly matching: EndpointFilters;
  readonly store: DeliveryStore;
  readonly now: () => number;
};

/** An event that is handled. */
type Event = FilteredEvent & {
  readonly eventSeq: number;
  /** Where deliveries are traced: later ones are linked to it. */
  readonly trace?: TraceContext | undefined;
};

/** One of the deliveries of an event. */
export type PlannedDelivery = FanOut["deliveries"][number];

/**
 * Decides where an event goes, and starts all of its deliveries but the first, which is the caller's (docs/adr/0027).
 * With one destination nothing is stored. With several, the set is stored first, as it is decided once; then each
 * further delivery becomes a message of its own that is due now. Undefined: nobody wants the event.
 */
export const fanOut = async (
  event: Event,
  mayBeHandled: boolean,
  deps: FanOutDeps,
): Promise<PlannedDelivery | undefined> => {
  const before = mayBeHandled ? await storedFanOut(event, deps) : undefined;
  if (before !== undefined) return startMissing(event, before, deps);
  const { isSubscribed, endpoints } = await deps.candidates(event.address);
  const planned = plannedFor(event, isSubscribed, await deps.matching(endpoints, event));
  if (planned.length <= 1) return planned[0];
  const stored = await deps.store.storeFanOut(event.address, fanOutOf(event, planned, deps));
  if (stored === "stored") return startFurther(event, planned, deps);
  // Another dispatcher was first, and what it decided holds.
  return startMissing(event, (await storedFanOut(event, deps)) ?? planned, deps);
};

const storedFanOut = async (
  { address, eventSeq }: Event,
  { store }: FanOutDeps,
): Promise<FanOut["deliveries"] | undefined> =>
  (await store.readFanOut(address, eventSeq))?.deliveries;

/** The agent's subscription first, then endpoints in the order of their ids. */
const plannedFor = (
  { eventSeq }: Event,
  isSubscribed: boolean,
  endpoints: readonly DeliverableEndpoint[],
): PlannedDelivery[] => {
  const toAgent = isSubscribed ? [{ delivery_id: firstDeliveryId(eventSeq) }] : [];
  const toEndpoints = endpoints.map(({ endpoint_id, uid }) => ({
    delivery_id: firstDeliveryId(eventSeq, endpoint_id),
    endpoint_id,
    ...(uid === undefined ? {} : { uid }),
  }));
  return [...toAgent, ...toEndpoints.toSorted(byId)];
};

const byId = (a: PlannedDelivery, b: PlannedDelivery): number =>
  a.delivery_id < b.delivery_id ? -1 : 1;

const fanOutOf = (
  { eventSeq }: Event,
  deliveries: PlannedDelivery[],
  { store, now }: FanOutDeps,
): FanOut => ({
  event_id: store.eventId(eventSeq),
  event_seq: eventSeq,
  at: new Date(now()).toISOString(),
  deliveries,
});

/** An event has at most a few dozen destinations. */
const STARTS_AT_ONCE = 8;

/** Starts all but the first, which is given back. */
const startFurther = async (
  event: Event,
  [first, ...further]: readonly PlannedDelivery[],
  deps: FanOutDeps,
): Promise<PlannedDelivery | undefined> => {
  await mapConcurrently(further, STARTS_AT_ONCE, (one) => startOne(event, one, deps));
  return first;
};

/**
 * The same after a crash, which may have come between any two of them. One that was started has a record, or a message
 * that waits or is due: it is not started again.
 */
const startMissing = async (
  event: Event,
  [first, ...further]: readonly PlannedDelivery[],
  deps: FanOutDeps,
): Promise<PlannedDelivery | undefined> => {
  await mapConcurrently(further, STARTS_AT_ONCE, async (one) => {
    const delivery = { address: event.address, deliveryId: one.delivery_id, attempt: 1 };
    const state = await attemptStateOf(delivery, deps);
    if (state.kind === "open") await startOne(event, one, deps);
  });
  return first;
};

const startOne = (
  { address, eventSeq, storedAtMs, trace }: Event,
  { delivery_id: deliveryId }: PlannedDelivery,
  { store, now }: FanOutDeps,
): Promise<void> => {
  const ids = { address, eventSeq, deliveryId, storedAtMs, trace };
  return store.startDelivery({ ...ids, attempt: 1, dueMs: now(), deferrals: 0 });
};
