import { z } from "zod";
import { sameOrder, storedOrderSchema } from "./delivery-order.ts";
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
  /** Keeps the order of a call's events. */
  order: storedOrderSchema.optional(),
  /** Signing keys, newest first; without any, requests are not signed. */
  signing: z.array(signingKeySchema).min(1).optional(),
});

export type Subscription = z.infer<typeof subscriptionSchema>;

/** What a caller sets of a subscription beside its event type; signing keys have changes of their own. */
export const SUBSCRIPTION_SETTINGS = [
  "callback_url",
  "headers",
  "method_type",
  "delivery",
  "order",
] as const;

export type SubscriptionSetting = (typeof SUBSCRIPTION_SETTINGS)[number];

/** The settings in which two subscriptions of one type differ. The order of headers is no difference. */
export const differingSettings = (a: Subscription, b: Subscription): SubscriptionSetting[] => {
  const isSame: Readonly<Record<SubscriptionSetting, boolean>> = {
    callback_url: a.callback_url === b.callback_url,
    headers: sameHeaders(a.headers, b.headers),
    method_type: a.method_type === b.method_type,
    delivery: samePolicy(a.delivery, b.delivery),
    order: sameOrder(a.order, b.order),
  };
  return SUBSCRIPTION_SETTINGS.filter((setting) => !isSame[setting]);
};

const sameHeaders = (a: Subscription["headers"], b: Subscription["headers"]): boolean =>
  Object.keys(a).length === Object.keys(b).length &&
  Object.entries(a).every(([name, value]) => b[name] === value);

/** The subscription with these keys, newest first, and no others. */
export const withSigning = (
  { signing: _before, ...rest }: Subscription,
  keys: readonly SigningKey[],
): Subscription => (keys.length === 0 ? rest : { ...rest, signing: [...keys] });

/** The subscription with only the keys that sign at this time. */
export const withLiveKeys = (subscription: Subscription, atMs: number): Subscription =>
  withSigning(subscription, liveKeys(subscription.signing, atMs));
