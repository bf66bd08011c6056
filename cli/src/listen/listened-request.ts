import type { RequestHeaders } from "@ringback/contracts/agents/request-headers";
import type { Sign } from "./signature.ts";

/** The subscription that an event goes to, as far as the key may read it. */
export type RequestShape = {
  readonly method: string;
  readonly headers: RequestHeaders;
};

export type RequestFacts = {
  readonly eventId: string;
  readonly eventType: string;
  readonly isTest: boolean;
  readonly body: Uint8Array;
  readonly nowMs: number;
  /** `Ringback/<version>` */
  readonly userAgent: string;
  readonly sign: Sign;
};

/**
 * The headers of an event's first attempt, in the dispatcher's order: the customer's, then Ringback's. A test
 * compares the bytes on the wire with a dispatcher's.
 */
export const headersFor = (headers: RequestHeaders, facts: RequestFacts): RequestHeaders => {
  const { eventId, eventType, isTest, body, nowMs, userAgent, sign } = facts;
  const timestamp = String(Math.floor(nowMs / 1_000));
  const hasContentType = Object.keys(headers).some((name) => name.toLowerCase() === "content-type");
  return {
    ...(hasContentType ? {} : { "content-type": "application/json" }),
    ...headers,
    "webhook-id": eventId,
    "webhook-timestamp": timestamp,
    "webhook-signature": sign(eventId, timestamp, body),
    "ringback-event-type": eventType,
    "ringback-attempt": "1",
    ...(isTest ? { "ringback-test": "true" } : {}),
    "user-agent": userAgent,
    "accept-encoding": "identity",
  };
};

/** The subscription's headers with those of `--header` in place of those of the same name, or behind them. */
export const withOwnHeaders = (headers: RequestHeaders, own: RequestHeaders): RequestHeaders => {
  const names = new Set(Object.keys(own).map((name) => name.toLowerCase()));
  const kept = Object.entries(headers).filter(([name]) => !names.has(name.toLowerCase()));
  return { ...Object.fromEntries(kept), ...own };
};
