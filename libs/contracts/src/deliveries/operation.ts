import { z } from "zod";
import { FAILURE_REASONS, type AttemptRecord } from "./attempt.ts";
import type { DeadLetter } from "./dead-letter.ts";
import { deliveryId, type EventAddress, type EventBody } from "../events/event.ts";
import { callIdSchema } from "../events/call-id.ts";
import { eventTypeSchema } from "../events/event-types.ts";
import { idSchema } from "../id.ts";
import { partsOfEventSubject, UNKNOWN_TOKEN } from "../streams/subjects.ts";
import { urlParts } from "../address/url-parts.ts";
import { WORKSPACE_AGENT, WORKSPACE_EVENT_TYPES } from "../agents/workspace-agent.ts";

/** Shares of failed attempts that are reported for an endpoint, in per cent. */
export const FAILING_AT_PERCENT = [50, 70, 90, 100] as const;

export type FailingAtPercent = (typeof FAILING_AT_PERCENT)[number];

const common = {
  workspace_id: idSchema,
  /** When it was detected, RFC 3339. */
  at: z.iso.datetime(),
};

/** `destination`: a URL without query, evaluated by its responses; `origin`: evaluated by errors below HTTP. */
const ENDPOINT_SCOPES = ["destination", "origin"] as const;

export type EndpointScope = (typeof ENDPOINT_SCOPES)[number];

const ofEndpoint = {
  ...common,
  /** A callback URL without its query, or its origin, by `scope`. */
  endpoint: z.string(),
  /** Missing: by an earlier version, which evaluated origins only. */
  scope: z.enum(ENDPOINT_SCOPES).optional(),
  /** Attempts in the window. */
  attempts: z.int().nonnegative(),
  failed: z.int().nonnegative(),
  window_seconds: z.int().positive(),
};

/** Operational events as they are kept on OPERATIONS. Later versions may add fields. */
export const operationSchemas = {
  "delivery.exhausted": z.looseObject({
    kind: z.literal("delivery.exhausted"),
    ...common,
    event_id: z.string(),
    event_seq: z.int().positive(),
    event_type: eventTypeSchema,
    call_id: callIdSchema,
    agent_id: idSchema,
    delivery_id: idSchema,
    endpoint_id: z.string().optional(),
    uid: z.string().optional(),
    attempts: z.int().positive(),
    endpoint: z.string().optional(),
    reason: z.enum(FAILURE_REASONS).optional(),
    status_code: z.int().optional(),
  }),
  /** Dead-lettered before an attempt: not parsed, or refused. Fields that its subject does not hold are missing. */
  "event.invalid": z.looseObject({
    kind: z.literal("event.invalid"),
    ...common,
    event_id: z.string(),
    event_seq: z.int().positive(),
    event_type: z.string().optional(),
    call_id: z.string().optional(),
    agent_id: idSchema.optional(),
    message: z.string(),
  }),
  "endpoint.failing": z.looseObject({
    kind: z.literal("endpoint.failing"),
    ...ofEndpoint,
    /** The highest share of `FAILING_AT_PERCENT` that was reached. */
    threshold_percent: z.literal(FAILING_AT_PERCENT),
  }),
  "endpoint.recovered": z.looseObject({
    kind: z.literal("endpoint.recovered"),
    ...ofEndpoint,
    /** When it was first reported as failing. */
    failing_since: z.iso.datetime(),
  }),
} as const;

export const operationSchema = z.discriminatedUnion("kind", [
  operationSchemas["delivery.exhausted"],
  operationSchemas["event.invalid"],
  operationSchemas["endpoint.failing"],
  operationSchemas["endpoint.recovered"],
]);

export type Operation = z.infer<typeof operationSchema>;

export type ExhaustedOperation = Extract<Operation, { kind: "delivery.exhausted" }>;
export type InvalidOperation = Extract<Operation, { kind: "event.invalid" }>;
export type EndpointOperation = Exclude<Operation, ExhaustedOperation | InvalidOperation>;

/** The operational event of a dead-lettered delivery. Holds neither the endpoint's response nor its URL. */
export const exhaustedOperation = (
  record: AttemptRecord,
  delivery_id: string,
): ExhaustedOperation => {
  const { event_id, event_seq, event_type, call_id, agent_id, workspace_id, attempt } = record;
  const failure = record.outcome.kind === "failed" ? record.outcome : undefined;
  return {
    kind: "delivery.exhausted",
    workspace_id,
    at: new Date(Date.parse(record.at) + record.duration_ms).toISOString(),
    event_id,
    event_seq,
    event_type,
    call_id,
    agent_id,
    delivery_id,
    endpoint_id: record.endpoint_id,
    uid: record.uid,
    attempts: attempt,
    endpoint: urlParts(record.request?.url ?? "")?.origin,
    reason: failure?.reason,
    status_code: failure?.status_code,
  };
};

type InvalidDeadLetter = Extract<DeadLetter, { reason: "invalid_event" }>;

/** The operational event of a message that could not be parsed; undefined where its workspace is unknown. */
export const invalidOperation = (
  deadLetter: Pick<InvalidDeadLetter, "subject" | "event_id" | "event_seq" | "at" | "message">,
): InvalidOperation | undefined => {
  const { subject, at, event_id, event_seq, message } = deadLetter;
  const { workspaceId, callId, agentId, eventType } = partsOfEventSubject(subject);
  if (workspaceId === undefined) return undefined;
  return {
    kind: "event.invalid",
    workspace_id: workspaceId,
    at,
    event_id,
    event_seq,
    event_type: eventType,
    call_id: callId,
    agent_id: agentId,
    message,
  };
};

/** The event for the workspace of such a message; undefined where that was an event for a workspace, too. */
export const invalidEventNotice = (operation: InvalidOperation): ExhaustedEvent | undefined => {
  const { workspace_id, call_id = UNKNOWN_TOKEN, agent_id, event_id, event_seq } = operation;
  if (agent_id === WORKSPACE_AGENT) return undefined;
  const { event_type, at, message } = operation;
  return noticeEvent(workspace_id, call_id, {
    event_id,
    event_type,
    agent_id,
    delivery_id: deliveryId(event_seq),
    reason: "invalid_event",
    message,
    given_up_at: at,
  });
};

/** An operational event as an event for the subscription of a workspace. */
export type ExhaustedEvent = { readonly address: EventAddress; readonly body: EventBody };

/** The event for the workspace; undefined for a delivery of such an event, as that would never end. */
export const exhaustedEvent = (operation: ExhaustedOperation): ExhaustedEvent | undefined => {
  const [eventType] = WORKSPACE_EVENT_TYPES;
  const { kind: _kind, workspace_id, call_id, at, event_seq: _seq, ...delivery } = operation;
  if (operation.event_type === eventType) return undefined;
  return noticeEvent(workspace_id, call_id, { ...delivery, given_up_at: at });
};

const noticeEvent = (workspace_id: string, call_id: string, delivery: object): ExhaustedEvent => {
  const [eventType] = WORKSPACE_EVENT_TYPES;
  const address = { workspaceId: workspace_id, callId: call_id, agentId: WORKSPACE_AGENT };
  return {
    address: { ...address, eventType },
    body: { event_type: eventType, workspace_id, call_id, agent_id: WORKSPACE_AGENT, delivery },
  };
};
