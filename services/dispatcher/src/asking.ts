import type { SubscriptionLimits } from "./decide/shared-limits.ts";
import type { Condition } from "./decide/slow-start.ts";

/** A delivery that wants to make an attempt. An endpoint is one workspace's, at one origin. */
export type Asking = {
  readonly workspaceId: string;
  readonly origin: string;
  /** How often it was sent away before. */
  readonly deferrals: number;
  /** The deadline of its attempt. */
  readonly timeoutMs: number;
  /** Of its body: held while it waits, and until it is sent. */
  readonly bytes: number;
  /** Those of its subscription, as far as they are this process's share. */
  readonly limits?: SubscriptionLimits | undefined;
};

/** Why a delivery was sent away: the label of `ringback_deferred_total`. */
export type DeferralReason = "endpoint_busy" | "rate_limited";

/** What a delivery that wants to make an attempt is told. */
export type Passage =
  /**
   * `release` is called once, when no socket is held any more; `bodySent` when the body is held no longer,
   * where that is earlier.
   */
  | {
      readonly kind: "admitted";
      readonly release: (condition: Condition) => void;
      readonly bodySent: () => void;
    }
  /** To come back after `afterMs`; it is kept nowhere here meanwhile. */
  | { readonly kind: "deferred"; readonly afterMs: number; readonly reason: DeferralReason }
  /** This process is stopping: nothing was begun. */
  | { readonly kind: "closed" };

export type Answer = (passage: Passage) => void;
