import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import { fenceOf } from "./decide/fence.ts";
import type { Delivery } from "../delivery/delivery.ts";
import type { Journal } from "../settle/delivery-store.ts";

/** What the streams say of an attempt that is about to be made. */
export type Standing =
  /** It was made, or a later one, or the delivery has ended. */
  | { readonly kind: "recorded"; readonly last: AttemptRecord }
  /** Another message brings the delivery back, or is in work for it. */
  | { readonly kind: "pending" }
  /** It is to be made. `after`: the sequence of the delivery's last record, 0 for none; and that record. */
  | {
      readonly kind: "open";
      readonly after: number;
      readonly last: AttemptRecord | undefined;
    };

export type StandingDeps = { readonly journal: Pick<Journal, "readLastRecord" | "pendingRetry"> };

/**
 * Whether an attempt may be made of a message that may have been handled before. Most such messages have
 * their record, and one read says so. Where there is none the retries are read, and then the record once
 * more: whoever works on a retry records its attempt before the retry is gone, so that one of the reads
 * sees it. `afterSeq`: the due message in work here, which is no sign of another.
 */
export const standingOf = async (
  delivery: Pick<Delivery, "address" | "deliveryId" | "attempt">,
  { journal }: StandingDeps,
  afterSeq?: number,
): Promise<Standing> => {
  const { address, deliveryId, attempt } = delivery;
  const before = await standingByRecord(delivery, { journal });
  if (before.kind === "recorded") return before;
  const options = { minAttempt: attempt, ...(afterSeq === undefined ? {} : { afterSeq }) };
  const retry = await journal.pendingRetry({ address, deliveryId }, options);
  const last = await standingByRecord(delivery, { journal });
  if (last.kind === "recorded") return last;
  return retry.kind === "pending" ? { kind: "pending" } : last;
};

/** The same of a message that comes for the first time: nothing but the last record counts. */
export const standingByRecord = async (
  { address, deliveryId, attempt }: Pick<Delivery, "address" | "deliveryId" | "attempt">,
  { journal }: Pick<StandingDeps, "journal">,
): Promise<Exclude<Standing, { kind: "pending" }>> => {
  const last = await journal.readLastRecord(address, deliveryId);
  const fence = fenceOf(last.record, attempt);
  return fence.kind === "recorded" ? fence : { kind: "open", after: last.seq, last: last.record };
};
