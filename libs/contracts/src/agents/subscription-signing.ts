import { liveKeys, type SigningKey } from "../secrets/signing-key.ts";
import type { Subscription } from "./subscription.ts";

/** The subscription with these keys, newest first, and no others. */
export const withSigning = (
  { signing: _before, ...rest }: Subscription,
  keys: readonly SigningKey[],
): Subscription => (keys.length === 0 ? rest : { ...rest, signing: [...keys] });

/** The subscription with only the keys that sign at this time. */
export const withLiveKeys = (subscription: Subscription, atMs: number): Subscription =>
  withSigning(subscription, liveKeys(subscription.signing, atMs));
