import type { EventType } from "@ringback/contracts/events/event-types";
import { liveKeys, type SigningKey } from "@ringback/contracts/secrets/signing-key";
import type { Subscription } from "@ringback/contracts/agents/subscription";
import { TRACEPARENT, TRACESTATE } from "@ringback/contracts/trace-context";
import { urlParts } from "@ringback/contracts/address/url-parts";
import type { DeliveryRequest } from "../../send/request.ts";

/** The signed content: exactly what is sent. */
export type SignedContent = {
  readonly id: string;
  /** Seconds since 1970. */
  readonly timestamp: string;
  readonly body: Uint8Array;
};

/** The value of `webhook-signature`. */
type Sign = (keys: readonly SigningKey[], content: SignedContent) => string;

export type RequestFacts = {
  readonly eventId: string;
  readonly eventType: EventType;
  readonly attempt: number;
  /** A test event: no call took place. */
  readonly isTest?: boolean;
  readonly nowMs: number;
  /** `Ringback/<version>` */
  readonly userAgent: string;
  readonly body: Uint8Array;
  readonly sign: Sign;
  /** Our trace context; a trace header of the customer's own wins. */
  readonly traceHeaders?: Readonly<Record<string, string>> | undefined;
};

/** The request that an event becomes: the customer's method and headers, then ours. */
export const requestFor = (subscription: Subscription, facts: RequestFacts): DeliveryRequest => {
  const { headers, method_type: method, callback_url: url } = subscription;
  const names = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  // A customer's `tracestate` beside our `traceparent` would belong to another trace.
  const isTracedByCustomer = names.has(TRACEPARENT) || names.has(TRACESTATE);
  // Standard Webhooks: seconds since 1970, of this attempt.
  const timestamp = String(Math.floor(facts.nowMs / 1_000));
  const content = { id: facts.eventId, timestamp, body: facts.body };
  const keys = liveKeys(subscription.signing, facts.nowMs);
  return {
    method,
    url,
    headers: {
      ...(names.has("content-type") ? {} : { "content-type": "application/json" }),
      ...(isTracedByCustomer ? {} : facts.traceHeaders),
      ...headers,
      "webhook-id": content.id,
      "webhook-timestamp": content.timestamp,
      ...(keys.length === 0 ? {} : { "webhook-signature": facts.sign(keys, content) }),
      "ringback-event-type": facts.eventType,
      "ringback-attempt": String(facts.attempt),
      ...(facts.isTest === true ? { "ringback-test": "true" } : {}),
      "user-agent": facts.userAgent,
      "accept-encoding": "identity",
    },
    body: facts.body,
  };
};

/** A URL without its query and fragment, which may hold a customer's secret. */
export const urlForRecords = (url: string): string => {
  const parts = urlParts(url);
  return parts === undefined ? "" : `${parts.origin}${parts.pathname}`;
};

/** A handler at an endpoint, and the host that it shares with others. */
export type Destination = {
  /** The URL without query. */
  readonly destination: string;
  readonly origin: string;
};

/** The destination of a URL; empty for an invalid one. */
export const destinationOf = (url: string): Destination => {
  const origin = urlParts(url)?.origin ?? "";
  return { destination: urlForRecords(url), origin };
};
