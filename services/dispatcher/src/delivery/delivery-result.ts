import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import type { TraceContext } from "@ringback/contracts/trace-context";
import type { DeferralReason } from "../limits/permit-request.ts";
import type { OwnFault } from "../send/result.ts";
import type { LastLook } from "../settle/still-ours.ts";
import type { Desk } from "../intake/suspects.ts";

/** What one turn of a delivery came to. */
export type Turn =
  | { readonly kind: "attempted"; readonly record: AttemptRecord }
  /** Nobody subscribed this agent's events of this type: nothing is owed. */
  | { readonly kind: "no_subscription" }
  /** There is no place for it: to come back at `atMs`, with the same attempt. */
  | { readonly kind: "deferred"; readonly atMs: number; readonly reason: DeferralReason }
  /** A fault of our own: to come back at `atMs`, with the same attempt. */
  | {
      readonly kind: "held_back";
      readonly atMs: number;
      readonly fault: OwnFault;
      readonly detail: string;
    }
  /** This process is stopping: nothing was begun. */
  | { readonly kind: "closed" }
  /** Another process may be at it by now: nothing was sent. */
  | { readonly kind: "left" };

/** What a turn is part of. */
export type TurnContext = {
  /** What its attempt belongs to, where it is traced. */
  readonly parent?: TraceContext | undefined;
  /** Asked when there is a place, right before the request. */
  readonly lastLook?: () => Promise<LastLook>;
  /** Where its message was handed out before: left while it waits for a place. */
  readonly desk?: Desk | undefined;
};
