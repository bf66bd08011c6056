import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";

/** What a delivery's last record says about an attempt that is about to be made. */
export type Fence =
  /** It was not made yet. */
  | { readonly kind: "open" }
  /**
   * It was made, or a later one, or the delivery has ended: nothing is sent. Only the last record's next
   * step may be missing, also where the message is stale: its schedule may have replaced a later one (they
   * share a subject).
   */
  | { readonly kind: "recorded"; readonly last: AttemptRecord };

/** Whether an attempt may be made (a fencing check): keeps a delivery's chain of attempts single. */
export const fenceOf = (last: AttemptRecord | undefined, attempt: number): Fence => {
  if (last === undefined) return { kind: "open" };
  const isNext = last.next.kind === "retry" && last.attempt < attempt;
  return isNext ? { kind: "open" } : { kind: "recorded", last };
};
