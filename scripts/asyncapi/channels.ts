import { configurationEventSchema } from "@ringback/contracts/agents/agent";
import { attemptRecordSchema } from "@ringback/contracts/deliveries/attempt";
import { fanOutSchema } from "@ringback/contracts/deliveries/fan-out";
import { endpointEventSchema } from "@ringback/contracts/endpoints/endpoint-event";
import { deadLetterSchema } from "@ringback/contracts/deliveries/dead-letter";
import { eventTypeMessageSchema } from "@ringback/contracts/events/event-type-definition";
import {
  EVENT_TYPES,
  eventSchema,
  type BuiltInEventType,
} from "@ringback/contracts/events/event-types";
import { STREAMS, type StreamName } from "@ringback/contracts/streams/subjects";
import type { DocumentedChannel, DocumentedMessage } from "./channel.ts";
import {
  CREATED_ENDPOINT,
  DELIVERED_ATTEMPT,
  eventExample,
  EXHAUSTED,
  FAILED_ATTEMPT,
  FAN_OUT,
  NOT_UNDERSTOOD,
  REGISTERED,
} from "./examples.ts";
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

const SUBSCRIPTIONS: DocumentedChannel = {
  name: "subscriptions",
  stream: STREAMS.subscriptions,
  subject: SUBJECTS.subscriptions,
  title: "Configuration",
  description:
    "Every change of an agent and its subscriptions, with the state that resulted: the last message of a subject is how the agent is now. Header values, URL queries and signing secrets are encrypted. Written by the API alone.",
  messages: [
    {
      name: "ConfigurationEvent",
      summary: "One change of an agent, who made it, and the agent as it was left",
      payload: configurationEventSchema,
      headers: TRACE_HEADERS,
      examples: [{ name: "registered", payload: REGISTERED }],
    },
  ],
  operations: [
    { name: "sendConfigurationEvent", action: "send", summary: "Store a change of an agent" },
  ],
};

const OWN_TYPES: DocumentedChannel = {
  name: "eventTypes",
  stream: STREAMS.subscriptions,
  subject: SUBJECTS.ownTypes,
  title: "Event types of a workspace",
  description:
    "What a workspace says of an event type of its own: the last message of a subject is how it is now. Written by the API alone.",
  messages: [
    {
      name: "EventTypeDefinition",
      summary: "An event type that was added, changed or deleted",
      payload: eventTypeMessageSchema,
      examples: [
        {
          name: "added",
          payload: {
            occurred_at: "2026-03-02T10:17:41.020Z",
            actor: "k1",
            definition: {
              event_type: "kyc_done",
              schema: { type: "object", properties: { score: { type: "number" } } },
              created_at: "2026-03-02T10:17:41.020Z",
              updated_at: "2026-03-02T10:17:41.020Z",
            },
          },
        },
      ],
    },
  ],
  operations: [
    {
      name: "sendEventType",
      action: "send",
      summary: "Store what an event type of a workspace is",
    },
  ],
};

const ENDPOINTS: DocumentedChannel = {
  name: "endpoints",
  stream: STREAMS.subscriptions,
  subject: SUBJECTS.endpoints,
  title: "Endpoints",
  description:
    "Every change of an endpoint, with the state that resulted: the last message of a subject is how the endpoint is now. Header values, URL queries and signing secrets are encrypted. Written by the API alone.",
  messages: [
    {
      name: "EndpointEvent",
      summary: "One change of an endpoint, who made it, and the endpoint as it was left",
      payload: endpointEventSchema,
      headers: TRACE_HEADERS,
      examples: [{ name: "created", payload: CREATED_ENDPOINT }],
    },
  ],
  operations: [
    { name: "sendEndpointEvent", action: "send", summary: "Store a change of an endpoint" },
  ],
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
