import { z } from "zod";
import { samePolicy, storedPolicySchema } from "./delivery-policy.ts";
import { eventTypeSchema } from "../events/event-types.ts";
import { liveKeys, signingKeySchema, type SigningKey } from "../secrets/signing-key.ts";

export const METHOD_TYPES = ["POST", "PUT", "PATCH"] as const;

export const methodTypeSchema = z.enum(METHOD_TYPES);

export type MethodType = z.infer<typeof methodTypeSchema>;

/** One agent's events of one type go to this URL. */
export const subscriptionSchema = z.object({
  event_type: eventTypeSchema,
  callback_url: z.string(),
  headers: z.record(z.string(), z.string()),
  method_type: methodTypeSchema,
  /** Overrides of the operator's settings. */
  delivery: storedPolicySchema.optional(),
  /** Signing keys, newest first; without any, requests are not signed. */
  signing: z.array(signingKeySchema).min(1).optional(),
});

export type Subscription = z.infer<typeof subscriptionSchema>;

/** True when both are equal but for the order of headers, and for signing keys, which have changes of their own. */
export const sameSubscription = (a: Subscription, b: Subscription): boolean =>
  a.event_type === b.event_type &&
  a.callback_url === b.callback_url &&
  a.method_type === b.method_type &&
  samePolicy(a.delivery, b.delivery) &&
  Object.keys(a.headers).length === Object.keys(b.headers).length &&
  Object.entries(a.headers).every(([name, value]) => b.headers[name] === value);

/** The subscription with these keys, newest first, and no others. */
export const withSigning = (
  { signing: _before, ...rest }: Subscription,
  keys: readonly SigningKey[],
): Subscription => (keys.length === 0 ? rest : { ...rest, signing: [...keys] });

/** The subscription with only the keys that sign at this time. */
export const withLiveKeys = (subscription: Subscription, atMs: number): Subscription =>
  withSigning(subscription, liveKeys(subscription.signing, atMs));
