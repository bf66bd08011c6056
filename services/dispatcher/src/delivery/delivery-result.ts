import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import type { TraceContext } from "@ringback/contracts/trace-context";
import type { DeferralReason } from "../limits/permits.ts";
import type { PlatformFault } from "../send/result.ts";

/** What processing a delivery came to. */
export type DeliveryResult =
  | { readonly kind: "attempted"; readonly record: AttemptRecord }
  /** No subscription matches the event. */
  | { readonly kind: "no_subscription" }
  /** No permit, or the endpoint is paused: the same attempt again at `atMs`. */
  | { readonly kind: "deferred"; readonly atMs: number; readonly reason: DeferralReason | "paused" }
  /** An earlier event of its call has not ended there: the same attempt again when that has, and at `atMs`. */
  | {
      readonly kind: "deferred";
      readonly atMs: number;
      readonly reason: "order";
      readonly waitsFor: number;
    }
  /** A platform fault: the same attempt again at `atMs`. */
  | {
      readonly kind: "postponed";
      readonly atMs: number;
      readonly fault: PlatformFault;
      readonly detail: string;
    }
  /** This process is stopping: nothing was started. */
  | { readonly kind: "closed" }
  /** Another process may have the message by now: nothing was sent. */
  | { readonly kind: "not_owned" };

/** Held while a message that may have killed processes is read and its request is started. */
export type ReadingLock = {
  /** Waits until no other suspect is read, and notes it; `convicted`: do not read the message. */
  readonly acquire: () => Promise<"innocent" | "convicted">;
  /** Idempotent. */
  readonly release: () => void;
};

/** What a delivery needs of the message that brought it. */
export type DeliveryContext = {
  /** Parent of the attempt's span, where deliveries are traced. */
  readonly parent?: TraceContext | undefined;
  /** Whether the message is still this process's; called right before the request. */
  readonly stillOwned?: () => Promise<boolean>;
  /** Of a message that was delivered before; released while the delivery waits for a permit. */
  readonly readingLock?: ReadingLock | undefined;
};
