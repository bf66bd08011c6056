import { operationSchemas, type Operation } from "@ringback/contracts/deliveries/operation";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import type { DocumentedChannel } from "./channel.ts";
import { SUBJECTS } from "./subjects.ts";

const WHERE = { workspace_id: "acme", at: "2026-03-02T10:21:06.000Z" };
const ENDPOINT = {
  ...WHERE,
  endpoint: "https://crm.example.com/hooks/calls",
  scope: "destination",
  attempts: 40,
  failed: 29,
  window_seconds: 300,
} as const;

const EXAMPLES: { readonly [K in Operation["kind"]]: Extract<Operation, { kind: K }> } = {
  "delivery.exhausted": {
    kind: "delivery.exhausted",
    ...WHERE,
    event_id: "evt_tavdcw_1234",
    event_seq: 1234,
    event_type: "call_completed",
    call_id: "c-42",
    agent_id: "agent-7",
    delivery_id: "1234",
    attempts: 4,
    endpoint: "https://crm.example.com",
    reason: "status",
    status_code: 503,
  },
  "event.invalid": {
    kind: "event.invalid",
    ...WHERE,
    event_id: "evt_tavdcw_1235",
    event_seq: 1235,
    event_type: "call_completed",
    call_id: "c-43",
    agent_id: "agent-7",
    message: "call_id in the body is no text: expected 'c-43'",
  },
  "endpoint.failing": { kind: "endpoint.failing", ...ENDPOINT, threshold_percent: 70 },
  "endpoint.recovered": {
    kind: "endpoint.recovered",
    ...ENDPOINT,
    failed: 4,
    failing_since: "2026-03-02T10:02:11.000Z",
  },
};

const channelOf = (
  kind: Operation["kind"],
  channel: Pick<DocumentedChannel, "name" | "subject" | "title" | "description">,
  message: string,
): DocumentedChannel => ({
  ...channel,
  stream: STREAMS.operations,
  messages: [
    {
      name: message,
      summary: channel.title,
      payload: operationSchemas[kind],
      examples: [{ name: kind, payload: EXAMPLES[kind] }],
    },
  ],
  operations: [{ name: `send${message}`, action: "send", summary: channel.title }],
});

/** What is told about deliveries as a whole, kept for 7 days. */
export const OPERATIONS: readonly DocumentedChannel[] = [
  channelOf(
    "delivery.exhausted",
    {
      name: "exhaustedDeliveries",
      subject: SUBJECTS.exhausted,
      title: "A delivery was given up after its last attempt",
      description: "Told once for each dead letter `exhausted`, behind it.",
    },
    "DeliveryExhausted",
  ),
  channelOf(
    "event.invalid",
    {
      name: "invalidEvents",
      subject: SUBJECTS.invalid,
      title: "An event was given up before an attempt",
      description:
        "Told once for each dead letter `invalid_event` of which the workspace is known, behind it. What its subject does not tell is missing.",
    },
    "EventInvalid",
  ),
  channelOf(
    "endpoint.failing",
    {
      name: "failingEndpoints",
      subject: SUBJECTS.failing,
      title: "Many attempts to an endpoint fail",
      description:
        "At 50, 70, 90 and 100 % of at least 10 attempts in 5 minutes, each once until it recovers; the highest that was reached is told.",
    },
    "EndpointFailing",
  ),
  channelOf(
    "endpoint.recovered",
    {
      name: "recoveredEndpoints",
      subject: SUBJECTS.recovered,
      title: "An endpoint that failed takes deliveries again",
      description: "Below 25 % of failures in 5 minutes, with at least one delivery.",
    },
    "EndpointRecovered",
  ),
];
