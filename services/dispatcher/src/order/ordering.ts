import { deliveryIds } from "@ringback/contracts/deliveries/delivery-id";
import type { FoundDestination } from "@ringback/contracts/endpoints/destination";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import {
  orderedFor,
  type OrderDecision,
  type OrderedDestination,
} from "../delivery/decide/order.ts";
import { addressIds, type Delivery } from "../delivery/delivery.ts";
import type { DeliveryResult } from "../delivery/delivery-result.ts";
import { callEvents } from "./call-events.ts";
import { checkOrder, type OrderDeps } from "./call-order.ts";
import { bringForward, wakeNext, type WakeUpDeps } from "./wake-up.ts";

export type OrderingDeps = Omit<WakeUpDeps, "calls"> & { readonly log: Logger };

type Ended = Pick<Delivery, "address" | "eventSeq" | "deliveryId">;

/** Keeps the order of a call's events at the destinations that want it; costs nothing elsewhere. */
export type Ordering = {
  /** Whether an attempt that is due goes on. Throws where a stream does not reply. */
  readonly check: (delivery: Delivery, to: OrderedDestination) => Promise<OrderDecision>;
  /** After a delivery's result is final: wakes the next event, or the delivery itself. Never throws. */
  readonly afterResult: (delivery: Delivery, result: DeliveryResult) => Promise<void>;
  /** After a delivery has ended otherwise: wakes the next event. Never throws. */
  readonly afterEnd: (ended: Ended) => Promise<void>;
  /** Deliveries that this dispatcher has put off until their turn, and that have not come back to it yet. */
  readonly waiting: () => number;
};

/** Beyond these, waiting deliveries are not counted. */
const MAX_COUNTED = 50_000;

export const callOrdering = ({ log, ...rest }: OrderingDeps): Ordering => {
  const deps = { ...rest, calls: callEvents(rest.nats) };
  const { view, now } = deps;
  const waiting = waitingCount(now);
  const attempt = async (what: string, ended: Ended, work: () => Promise<unknown>) => {
    try {
      await work();
    } catch (error) {
      // It is settled: what waits comes back by its schedule, later than it could.
      const { address, eventSeq: event_seq } = ended;
      const ids = { event_seq, ...addressIds(address), ...deliveryIds(ended) };
      log.warn({ err: error, ...ids }, what);
    }
  };
  const wake = async (ended: Ended, isWanted: (found: OrderedDestination) => boolean) => {
    const found = orderAt(ended, view);
    if (found === undefined || !isWanted(found)) return;
    await attempt("order.wake_up_failed", ended, () => wakeNext(ended, found, deps));
  };
  return {
    check: async (delivery, to) => {
      const decision = await checkOrder(delivery, to, deps);
      waiting.note(delivery.deliveryId, decision.kind === "wait" ? decision.atMs : undefined);
      return decision;
    },
    afterResult: async (delivery, result) => {
      if (result.kind === "deferred" && result.reason === "order") {
        return attempt("order.wake_up_failed", delivery, () => lookAgain(delivery, deps));
      }
      if (result.kind !== "attempted" || delivery.trigger === "test") return;
      const hasEnded = result.record.next.kind !== "retry";
      await wake(delivery, ({ order }) => hasEnded || order.on_failure === "skip");
    },
    afterEnd: (ended) => wake(ended, () => true),
    waiting: waiting.count,
  };
};

const orderAt = (
  delivery: Ended,
  view: Pick<OrderDeps["view"], "known">,
): OrderedDestination | undefined => {
  const found: FoundDestination | undefined = view.known(delivery);
  return found && orderedFor(found, { deliveryId: delivery.deliveryId });
};

/** The event before may have ended while the schedule was stored, and have found nobody who waits. */
const lookAgain = async (delivery: Delivery, deps: WakeUpDeps): Promise<void> => {
  const found = orderAt(delivery, deps.view);
  if (found === undefined) return;
  const decision = await checkOrder(delivery, found, deps);
  if (decision.kind !== "wait") await bringForward(delivery, deps);
};

/** Counts what waits, by when it comes back at the latest: another dispatcher may have it before. */
const waitingCount = (now: () => number) => {
  const untilMs = new Map<string, number>();
  const forgetPast = (): void => {
    const nowMs = now();
    for (const [id, ms] of untilMs) if (ms <= nowMs) untilMs.delete(id);
  };
  return {
    note: (deliveryId: string, until: number | undefined): void => {
      untilMs.delete(deliveryId);
      if (until === undefined) return;
      if (untilMs.size >= MAX_COUNTED) forgetPast();
      if (untilMs.size < MAX_COUNTED) untilMs.set(deliveryId, until);
    },
    count: (): number => {
      forgetPast();
      return untilMs.size;
    },
  };
};
