import { z } from "zod";
import { samePolicy, storedPolicySchema } from "./delivery-policy.ts";
import { eventTypeSchema } from "../events/event-types.ts";
import { signingKeySchema } from "../secrets/signing-key.ts";

/** How an event may be sent. */
export const METHOD_TYPES = ["POST", "PUT", "PATCH"] as const;

export const methodTypeSchema = z.enum(METHOD_TYPES);

export type MethodType = z.infer<typeof methodTypeSchema>;

/** One agent's events of one type go to this URL. */
export const subscriptionSchema = z.object({
  event_type: eventTypeSchema,
  callback_url: z.string(),
  headers: z.record(z.string(), z.string()),
  method_type: methodTypeSchema,
  /** How it is delivered, where that differs from the operator's settings. */
  delivery: storedPolicySchema.optional(),
  /** What requests are signed with, newest first; without, they are not signed. */
  signing: z.array(signingKeySchema).min(1).optional(),
});

export type Subscription = z.infer<typeof subscriptionSchema>;

/**
 * True when both say the same; the order of headers does not matter, and signing keys do not count:
 * they have changes of their own.
 */
export const sameSubscription = (a: Subscription, b: Subscription): boolean =>
  a.event_type === b.event_type &&
  a.callback_url === b.callback_url &&
  a.method_type === b.method_type &&
  samePolicy(a.delivery, b.delivery) &&
  Object.keys(a.headers).length === Object.keys(b.headers).length &&
  Object.entries(a.headers).every(([name, value]) => b.headers[name] === value);
