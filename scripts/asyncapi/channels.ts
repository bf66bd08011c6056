import { attemptRecordSchema } from "@ringback/contracts/deliveries/attempt";
import { fanOutSchema } from "@ringback/contracts/deliveries/fan-out";
import { deadLetterSchema } from "@ringback/contracts/deliveries/dead-letter";
import {
  EVENT_TYPES,
  eventSchema,
  type BuiltInEventType,
} from "@ringback/contracts/events/event-types";
import { STREAMS, type StreamName } from "@ringback/contracts/streams/subjects";
import type { DocumentedChannel, DocumentedMessage } from "./channel.ts";
import {
  DELIVERED_ATTEMPT,
  eventExample,
  EXHAUSTED,
  FAILED_ATTEMPT,
  FAN_OUT,
  NOT_UNDERSTOOD,
} from "./examples.ts";
import { ENDPOINTS, OWN_TYPES, SUBSCRIPTIONS } from "./configuration-channels.ts";
import { OPERATIONS } from "./operation-channels.ts";
import { DUE_RETRIES, SCHEDULED_RETRIES } from "./retry-channels.ts";
import { SUBJECTS } from "./subjects.ts";
import { TRACE_HEADERS } from "./trace-headers.ts";

/** Streams that nobody outside of the services has any business with, and why. */
export const NOT_DOCUMENTED: Partial<Record<StreamName, string>> = {
  REQUESTS: "notes of the API about requests with an Idempotency-Key, for itself alone",
  LEASES:
    "which dispatcher does what only one may do, and what one is reading, for the dispatchers alone",
  REDELIVERIES: "how far redelivery jobs are: GET /redeliveries tells",
  ACCESS: "digests of keys and sessions, for the API alone: GET /api-keys tells",
  AUDIT: "who did what: GET /audit reads it, and nobody else may write it",
};

/** `call_completed` as `CallCompleted`. */
const inCapitals = (type: BuiltInEventType): string =>
  type.replaceAll(/(?:^|_)(\w)/g, (_all, letter: string) => letter.toUpperCase());

const eventMessageOf = (type: BuiltInEventType): DocumentedMessage => {
  const { payload, messageId } = eventExample(type);
  return {
    name: inCapitals(type),
    summary: `An event of type ${type}: the body is what the endpoint gets, byte for byte`,
    payload: eventSchema(type),
    headers: {
      "Nats-Msg-Id": {
        description:
          "JetStream drops repeats within 10 minutes: `<workspace>:<agent>:<call>:<type>:<retry_count>`, or without a `retry_count` `…:sha256-<hash of the body>`",
      },
      ...TRACE_HEADERS,
    },
    examples: [{ name: type, payload, headers: { "Nats-Msg-Id": messageId } }],
  };
};

const EVENTS: DocumentedChannel = {
  name: "events",
  stream: STREAMS.events,
  subject: SUBJECTS.events,
  title: "Events",
  description:
    "What happened on calls. Producers publish here and wait for the stream's answer. At most 1 MiB of JSON; what cannot be understood becomes a dead letter. A full stream refuses: publish again later.",
  messages: EVENT_TYPES.map(eventMessageOf),
  operations: [
    { name: "receiveEvent", action: "receive", summary: "Deliver an event to its subscription" },
  ],
};

const ATTEMPTS: DocumentedChannel = {
  name: "attempts",
  stream: STREAMS.attempts,
  subject: SUBJECTS.attempts,
  title: "Attempts",
  description:
    "A record of every attempt, stored before the next step is taken. One subject for each delivery, its attempts in order.",
  messages: [
    {
      name: "AttemptRecord",
      summary: "One attempt: what was requested, what it came to, and what is next",
      payload: attemptRecordSchema,
      examples: [
        { name: "failed", payload: FAILED_ATTEMPT },
        { name: "delivered", payload: DELIVERED_ATTEMPT },
      ],
    },
  ],
  operations: [{ name: "sendAttempt", action: "send", summary: "Keep a record of an attempt" }],
};

const DEAD_LETTERS: DocumentedChannel = {
  name: "deadLetters",
  stream: STREAMS.deadLetters,
  subject: SUBJECTS.deadLetters,
  title: "Dead letters",
  description:
    "What was given up, kept for people. A token that is not known, or could not be used, is `_`.",
  messages: [
    {
      name: "DeadLetter",
      summary: "A delivery that was given up, or a message that could not be understood",
      payload: deadLetterSchema,
      examples: [
        { name: "exhausted", payload: EXHAUSTED },
        { name: "not understood", payload: NOT_UNDERSTOOD },
      ],
    },
  ],
  operations: [{ name: "sendDeadLetter", action: "send", summary: "Keep what was given up" }],
};

const FAN_OUTS: DocumentedChannel = {
  name: "fanOuts",
  stream: STREAMS.attempts,
  subject: SUBJECTS.fanOuts,
  title: "Destinations of events",
  description:
    "Where an event goes that one delivery does not do: stored once, before its first attempt. An event with one destination has none of these; the record of its delivery says the same.",
  messages: [
    {
      name: "FanOut",
      summary: "The deliveries of an event, as they were decided when it was first handled",
      payload: fanOutSchema,
      examples: [{ name: "subscription and endpoint", payload: FAN_OUT }],
    },
  ],
  operations: [{ name: "sendFanOut", action: "send", summary: "Keep where an event goes" }],
};

/** All that is documented. A further stream is one more entry here. */
export const CHANNELS: readonly DocumentedChannel[] = [
  EVENTS,
  ATTEMPTS,
  FAN_OUTS,
  DEAD_LETTERS,
  SUBSCRIPTIONS,
  ENDPOINTS,
  OWN_TYPES,
  SCHEDULED_RETRIES,
  DUE_RETRIES,
  ...OPERATIONS,
];
