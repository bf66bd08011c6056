import type { Verdict } from "../delivery/decide/endpoint-signal.ts";
import type { SubscriptionLimits } from "./decide/subscription-share.ts";

/** A delivery that wants to make an attempt. */
export type Asking = {
  readonly workspaceId: string;
  /** Its URL without query: one handler on the other side. */
  readonly destination: string;
  /** Scheme, host and port, which several destinations share. */
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
export const DEFERRAL_REASONS = ["endpoint_busy", "origin_busy", "rate_limited"] as const;

export type DeferralReason = (typeof DEFERRAL_REASONS)[number];

/** How an attempt ended: what it says of others, and for how long its destination asked to be left alone. */
export type Release = Verdict & { readonly askedMs?: number | undefined };

/** What a delivery that wants to make an attempt is told. */
export type Passage =
  /**
   * `release` is called once, when no socket is held any more; `bodySent` when the body is held no longer,
   * where that is earlier.
   */
  | {
      readonly kind: "admitted";
      readonly release: (released: Release) => void;
      readonly bodySent: () => void;
    }
  /** To come back after `afterMs`; it is kept nowhere here meanwhile. */
  | { readonly kind: "deferred"; readonly afterMs: number; readonly reason: DeferralReason }
  /** This process is stopping: nothing was begun. */
  | { readonly kind: "closed" };

export type Answer = (passage: Passage) => void;
