import { firstDeliveryId } from "@ringback/contracts/deliveries/delivery-id";
import type { DeliverableEndpoint } from "@ringback/contracts/endpoints/destination";
import type { EventAddress } from "@ringback/contracts/events/event";
import { DISPATCHER_CONSUMER, STREAMS } from "@ringback/contracts/streams/subjects";
import type { Nats } from "@ringback/runtime/nats/connection";
import { consumerInfo } from "@ringback/runtime/streams/consumers";
import type { EarlierState } from "../delivery/decide/order.ts";
import type { DeliveryStore } from "../settle/delivery-store.ts";
import type { CallEvent } from "./call-events.ts";
import { stateByRecord, stateOfUnclear } from "./decide/earlier-state.ts";

export type EarlierDeps = {
  readonly nats: Nats;
  readonly store: Pick<
    DeliveryStore,
    "readEvent" | "readLastRecord" | "readFanOut" | "pendingRetry" | "isDeadLettered"
  >;
  /** Up to which sequence all events are acknowledged, as last observed. */
  readonly acknowledgedUpTo: () => number | undefined;
  /** Whether an endpoint's filter lets an event through. */
  readonly passesFilter: (
    endpoint: DeliverableEndpoint,
    event: {
      readonly address: EventAddress;
      readonly storedAtMs: number;
      readonly body: Uint8Array;
    },
  ) => boolean;
  readonly now: () => number;
};

/** An earlier event of the call, and the destination that it may go to. */
export type Earlier = {
  readonly event: CallEvent;
  /** Undefined: the agent's subscription. */
  readonly endpointId: string | undefined;
  /** Whether it would go there as things are now, before a filter is asked. */
  readonly isChosen: boolean;
  readonly chosenBy?: DeliverableEndpoint | undefined;
};

/**
 * How an earlier event stands at a destination. Read in the order in which a delivery moves, so that one that moves
 * meanwhile is seen where it comes to: acknowledged last, after its schedule or record was stored. `isFirstLook`: one
 * that leaves nothing behind yet is taken for being in flight, which it nearly always is, without a further request.
 */
export const earlierState = async (
  earlier: Earlier,
  isFirstLook: boolean,
  deps: EarlierDeps,
): Promise<EarlierState> => {
  const { store, now } = deps;
  const { event, endpointId } = earlier;
  const { address, seq } = event;
  const deliveryId = firstDeliveryId(seq, endpointId);
  const last = await store.readLastRecord(address, deliveryId);
  const byRecord = stateByRecord(last.record, now());
  if (byRecord !== "unclear") return byRecord;
  const hasRecord = last.record !== undefined;
  const isKnownHandled = seq <= (deps.acknowledgedUpTo() ?? 0);
  if (!hasRecord) {
    const isChosen = earlier.isChosen && (await isLetThrough(earlier, deps));
    if (isChosen && isFirstLook && !isKnownHandled) return "in_flight";
    const fanOut = await store.readFanOut(address, seq);
    const isPlanned = fanOut?.deliveries.some(({ delivery_id }) => delivery_id === deliveryId);
    if (!(isPlanned ?? isChosen)) return "ended";
  }
  const isAcknowledged = isKnownHandled || seq <= (await acknowledgedNow(deps));
  const pending = await store.pendingRetry({ address, deliveryId });
  const again = await store.readLastRecord(address, deliveryId);
  if (again.seq !== last.seq) {
    const after = stateByRecord(again.record, now());
    return after === "unclear" ? "in_flight" : after;
  }
  const isDeadLettered =
    pending.kind === "none" && (await store.isDeadLettered({ address, eventSeq: seq, deliveryId }));
  const kind = pending.kind === "pending" ? pending.state : pending.kind;
  return stateOfUnclear({ hasRecord, pending: kind, isAcknowledged, isDeadLettered });
};

/** The payload is read only for an endpoint with a filter. */
const isLetThrough = async (
  { event: { address, seq }, chosenBy }: Earlier,
  { store, passesFilter }: EarlierDeps,
): Promise<boolean> => {
  if (chosenBy?.filter === undefined) return true;
  const event = await store.readEvent(seq);
  return event !== undefined && passesFilter(chosenBy, { address, ...event });
};

const acknowledgedNow = async ({ nats }: EarlierDeps): Promise<number> => {
  const info = await consumerInfo(nats, STREAMS.events, DISPATCHER_CONSUMER);
  return info?.ack_floor.stream_seq ?? 0;
};
