import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import type { Delivery } from "../delivery/delivery.ts";
import type { DeliveryStore } from "../settle/delivery-store.ts";
import { fenceOf } from "./decide/fence.ts";

/** What the streams say of an attempt that is about to be made. */
export type AttemptState =
  /** It was made, or a later one, or the delivery has ended. */
  | { readonly kind: "recorded"; readonly last: AttemptRecord }
  /** Another message of the delivery waits, or is in flight. */
  | { readonly kind: "pending" }
  /** It has to be made. `after`: the sequence of `last`, the delivery's last record; 0 for none. */
  | {
      readonly kind: "open";
      readonly after: number;
      readonly last: AttemptRecord | undefined;
    };

type Attempt = Pick<Delivery, "address" | "deliveryId" | "attempt">;

/**
 * For a message that may have been handled before. Most of these have a record, and one read ends here.
 * Otherwise read RETRIES first, then ATTEMPTS: another dispatcher stores its record before its retry
 * message disappears, so one of the two reads sees it. `afterSeq`: the sequence of the due message in
 * flight here, which does not count as another.
 */
export const attemptStateOf = async (
  delivery: Attempt,
  deps: { readonly store: Pick<DeliveryStore, "readLastRecord" | "pendingRetry"> },
  afterSeq?: number,
): Promise<AttemptState> => {
  const { address, deliveryId, attempt } = delivery;
  const before = await stateByRecord(delivery, deps);
  if (before.kind === "recorded") return before;
  const options = { minAttempt: attempt, ...(afterSeq === undefined ? {} : { afterSeq }) };
  const retry = await deps.store.pendingRetry({ address, deliveryId }, options);
  const last = await stateByRecord(delivery, deps);
  if (last.kind === "recorded") return last;
  return retry.kind === "pending" ? { kind: "pending" } : last;
};

/** For a message that comes for the first time: only the last record counts. */
export const stateByRecord = async (
  { address, deliveryId, attempt }: Attempt,
  { store }: { readonly store: Pick<DeliveryStore, "readLastRecord"> },
): Promise<Exclude<AttemptState, { kind: "pending" }>> => {
  const last = await store.readLastRecord(address, deliveryId);
  const fence = fenceOf(last.record, attempt);
  return fence.kind === "recorded" ? fence : { kind: "open", after: last.seq, last: last.record };
};
