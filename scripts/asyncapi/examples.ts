import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ConfigurationEvent } from "@ringback/contracts/agents/agent";
import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import type { FanOut } from "@ringback/contracts/deliveries/fan-out";
import type { EndpointEvent } from "@ringback/contracts/endpoints/endpoint-event";
import type { DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import { eventMessage } from "@ringback/contracts/events/event";
import type { EventType } from "@ringback/contracts/events/event-types";
import { retryHeaders } from "@ringback/contracts/deliveries/retry-message";

const FOLDER = join(import.meta.dirname, "../../libs/contracts/examples");
const TURNS_SHOWN = 2;

/** The sample of an event type, short enough to be read, and its message id. */
export const eventExample = (type: EventType) => {
  const text = readFileSync(join(FOLDER, `${type}.json`), "utf8");
  const body = JSON.parse(text) as Record<string, unknown>;
  const { transcript } = body;
  const payload = Array.isArray(transcript)
    ? { ...body, transcript: transcript.slice(0, TURNS_SHOWN) }
    : body;
  const { messageId } = eventMessage({
    workspaceId: String(body["workspace_id"]),
    callId: String(body["call_id"]),
    agentId: String(body["agent_id"]),
    eventType: type,
    body: text,
  });
  return { payload, messageId };
};

const AT = {
  workspace_id: "acme",
  call_id: "c-42",
  agent_id: "agent-7",
  event_type: "call_completed",
} as const;
const EVENT = { event_id: "evt_tavdcw_1234", event_seq: 1234 };

export const FAILED_ATTEMPT: AttemptRecord = {
  ...EVENT,
  ...AT,
  attempt: 1,
  trigger: "event",
  at: "2026-03-02T10:17:41.020Z",
  duration_ms: 187,
  request: { method: "POST", url: "https://crm.example.com/calls" },
  outcome: { kind: "failed", reason: "status", status_code: 503 },
  response: { body_excerpt: "try again later" },
  next: { kind: "retry", at: "2026-03-02T10:17:51.207Z" },
};

export const DELIVERED_ATTEMPT: AttemptRecord = {
  ...FAILED_ATTEMPT,
  attempt: 2,
  trigger: "retry",
  at: "2026-03-02T10:17:51.390Z",
  duration_ms: 92,
  outcome: { kind: "delivered", status_code: 200 },
  response: {},
  next: { kind: "done" },
};

export const EXHAUSTED: DeadLetter = {
  reason: "exhausted",
  ...EVENT,
  ...AT,
  at: "2026-03-02T10:21:05.640Z",
  message: "4 attempts failed, the last with status 503",
  last_attempt: {
    ...FAILED_ATTEMPT,
    attempt: 4,
    trigger: "retry",
    at: "2026-03-02T10:21:05.430Z",
    next: { kind: "dead_letter" },
  },
};

export const NOT_UNDERSTOOD: DeadLetter = {
  reason: "invalid_event",
  ...EVENT,
  at: "2026-03-02T10:17:41.020Z",
  message: "body is an array: expected a JSON object",
  subject: "events.acme.c-42.agent-7.call_completed",
  raw: "W10=",
  truncated: false,
};

export const REGISTERED: ConfigurationEvent = {
  type: "agent_registered",
  occurred_at: "2026-03-01T08:00:00.000Z",
  actor: "k1",
  version: 1,
  change: { workspace_id: "acme", agent_id: "agent-7", agent_display_name: "Reminder calls" },
  agent: {
    workspace_id: "acme",
    agent_id: "agent-7",
    agent_display_name: "Reminder calls",
    event_subscriptions: [],
    created_at: "2026-03-01T08:00:00.000Z",
    updated_at: "2026-03-01T08:00:00.000Z",
  },
};

const ENDPOINT = {
  workspace_id: "acme",
  endpoint_id: "ep_k5q2mmyv7c3xta4d",
  uid: "crm",
  url: "https://crm.example.com/events",
  method_type: "POST" as const,
  headers: {},
  agents: ["*"],
  event_types: ["call_*"],
  switch: "on" as const,
};
const CREATED_AT = "2026-03-01T08:00:00.000Z";

export const CREATED_ENDPOINT: EndpointEvent = {
  type: "endpoint_created",
  occurred_at: CREATED_AT,
  actor: "k1",
  version: 1,
  change: ENDPOINT,
  endpoint: {
    ...ENDPOINT,
    created_at: CREATED_AT,
    updated_at: CREATED_AT,
    switched_at: CREATED_AT,
  },
};

export const FAN_OUT: FanOut = {
  ...EVENT,
  at: "2026-03-02T10:17:41.018Z",
  deliveries: [
    { delivery_id: "1234" },
    {
      delivery_id: "1234-ep_k5q2mmyv7c3xta4d",
      endpoint_id: "ep_k5q2mmyv7c3xta4d",
      uid: "crm",
    },
  ],
};

const RETRY = {
  address: { workspaceId: "acme", callId: "c-42", agentId: "agent-7", eventType: AT.event_type },
  eventSeq: EVENT.event_seq,
  deliveryId: String(EVENT.event_seq),
  attempt: 2,
  dueMs: Date.parse("2026-03-02T10:17:51.207Z"),
  deferrals: 0,
} as const;

const TRACE = {
  traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
  spanId: "00f067aa0ba902b7",
  isSampled: true,
  state: "vendor=1",
} as const;

/** The headers of a retry as they are written. */
export const RETRY_HEADERS = Object.fromEntries(retryHeaders(RETRY));

/** The same, with those that only some have. */
export const ALL_RETRY_HEADERS = Object.fromEntries(
  retryHeaders({
    ...RETRY,
    extraAttempts: 1,
    deferrals: 3,
    postponedSinceMs: Date.parse("2026-03-02T10:17:52.000Z"),
    trace: TRACE,
    waitsFor: 4_811,
  }),
);
