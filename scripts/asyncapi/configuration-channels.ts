import { configurationEventSchema } from "@ringback/contracts/agents/agent";
import { endpointEventSchema } from "@ringback/contracts/endpoints/endpoint-event";
import { eventTypeMessageSchema } from "@ringback/contracts/events/event-type-definition";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import type { DocumentedChannel } from "./channel.ts";
import { CREATED_ENDPOINT, REGISTERED } from "./examples.ts";
import { SUBJECTS } from "./subjects.ts";
import { TRACE_HEADERS } from "./trace-headers.ts";

export const SUBSCRIPTIONS: DocumentedChannel = {
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

export const OWN_TYPES: DocumentedChannel = {
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

export const ENDPOINTS: DocumentedChannel = {
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
