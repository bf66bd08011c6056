/**
 * Headers of every request to an endpoint, as `services/dispatcher/src/delivery/decide/request.ts` sends them (a test
 * compares the two). Values are text, as receivers get them.
 */
export const REQUEST_HEADERS = {
  WebhookId: {
    name: "webhook-id",
    in: "header",
    required: true,
    description:
      "The event's id: the same in every attempt and every redelivery, so that an event that comes twice is recognized.",
    schema: { type: "string", examples: ["evt_t9x3k0_18423"] },
  },
  WebhookTimestamp: {
    name: "webhook-timestamp",
    in: "header",
    required: true,
    description: "When this attempt was signed, in seconds since 1970.",
    schema: { type: "string", pattern: "^\\d+$", examples: ["1772446661"] },
  },
  WebhookSignature: {
    name: "webhook-signature",
    in: "header",
    description:
      "Of a subscription with a signing secret: a signature for each secret that signs, with a space between them (Standard Webhooks 1.0).",
    schema: {
      type: "string",
      pattern: "^v1a?,\\S+( v1a?,\\S+)*$",
      examples: ["v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="],
    },
  },
  RingbackEventType: {
    name: "ringback-event-type",
    in: "header",
    required: true,
    description: "The event's type, as the body says it.",
    schema: { type: "string", examples: ["call_completed"] },
  },
  RingbackAttempt: {
    name: "ringback-attempt",
    in: "header",
    required: true,
    description: "Counts the attempts of this delivery from 1.",
    schema: { type: "string", pattern: "^[1-9]\\d*$", examples: ["1"] },
  },
  RingbackTest: {
    name: "ringback-test",
    in: "header",
    description: "Of a test event alone: no call took place.",
    schema: { type: "string", const: "true" },
  },
  UserAgent: {
    name: "user-agent",
    in: "header",
    required: true,
    description: "Ringback and its version.",
    schema: { type: "string", pattern: "^Ringback/", examples: ["Ringback/0.1.0"] },
  },
  Traceparent: {
    name: "traceparent",
    in: "header",
    description:
      "The attempt in a distributed trace, where requests are traced (W3C Trace Context).",
    schema: {
      type: "string",
      examples: ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
    },
  },
  Tracestate: {
    name: "tracestate",
    in: "header",
    description: "What tracing systems add to `traceparent`.",
    schema: { type: "string", examples: ["vendor=t61rcWkgMzE"] },
  },
} as const;

/** What the responses of endpoints mean. */
export const RESPONSES = {
  Acknowledged: {
    description: "The event is done with. The body of the response counts for nothing.",
  },
  NotAcknowledged: {
    description:
      "Has failed, unless the subscription names this status as a success (`delivery.success_status`).",
  },
  RetryLater: {
    description: "Has failed. It is sent again, and not before the time in `Retry-After`.",
    headers: {
      "Retry-After": {
        description: "Seconds, or a date of HTTP; 10 minutes at most.",
        schema: { type: "string", examples: ["30"] },
      },
    },
  },
  Failed: {
    description:
      "Any other status has failed, 401, 404 and 410 too, and so has a redirect, which is not followed. The event is sent again after the delays of its subscription, and is a dead letter after the last one. No response within 30 s has failed as well.",
  },
} as const;
