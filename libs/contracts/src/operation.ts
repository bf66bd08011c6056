import { z } from "zod";
import { FAILURE_REASONS, type AttemptRecord } from "./attempt.ts";
import type { EventAddress, EventBody } from "./event.ts";
import { callIdSchema } from "./call-id.ts";
import { eventTypeSchema } from "./event-types.ts";
import { idSchema } from "./id.ts";
import { urlParts } from "./url-parts.ts";
import { WORKSPACE_AGENT, WORKSPACE_EVENT_TYPES } from "./workspace-agent.ts";

/** Shares of failed attempts at which a workspace's endpoint is news, in per cent. */
export const FAILING_AT_PERCENT = [50, 70, 90, 100] as const;

export type FailingAtPercent = (typeof FAILING_AT_PERCENT)[number];

const common = {
  workspace_id: idSchema,
  /** When it was noticed, RFC 3339. */
  at: z.iso.datetime(),
};

/** What is judged by its attempts: a URL without query by what it answers, its host by what is below HTTP. */
export const ENDPOINT_SCOPES = ["destination", "origin"] as const;

export type EndpointScope = (typeof ENDPOINT_SCOPES)[number];

const ofEndpoint = {
  ...common,
  /** A callback URL without its query, or its origin: `scope` says which. */
  endpoint: z.string(),
  /** Missing where it was told by a version that judged origins only. */
  scope: z.enum(ENDPOINT_SCOPES).optional(),
  /** Attempts in the window before, and those of them that failed. */
  attempts: z.int().nonnegative(),
  failed: z.int().nonnegative(),
  window_seconds: z.int().positive(),
};

/** What is told about deliveries as a whole, as it is kept on OPERATIONS. Later versions may add fields. */
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
    attempts: z.int().positive(),
    endpoint: z.string().optional(),
    reason: z.enum(FAILURE_REASONS).optional(),
    status_code: z.int().optional(),
  }),
  "endpoint.failing": z.looseObject({
    kind: z.literal("endpoint.failing"),
    ...ofEndpoint,
    /** The highest of the shares that are news which was reached. */
    threshold_percent: z.literal(FAILING_AT_PERCENT),
  }),
  "endpoint.recovered": z.looseObject({
    kind: z.literal("endpoint.recovered"),
    ...ofEndpoint,
    /** When it was first told to be failing. */
    failing_since: z.iso.datetime(),
  }),
} as const;

export const operationSchema = z.discriminatedUnion("kind", [
  operationSchemas["delivery.exhausted"],
  operationSchemas["endpoint.failing"],
  operationSchemas["endpoint.recovered"],
]);

export type Operation = z.infer<typeof operationSchema>;

export type ExhaustedOperation = Extract<Operation, { kind: "delivery.exhausted" }>;
export type EndpointOperation = Exclude<Operation, ExhaustedOperation>;

/** What is told when this record's delivery is given up. The customer's answer and URL stay out of it. */
export const exhaustedOperation = (
  record: AttemptRecord,
  deliveryId: string,
): ExhaustedOperation => {
  const { event_id, event_seq, event_type, call_id, agent_id, workspace_id, attempt } = record;
  const endpoint = urlParts(record.request?.url ?? "")?.origin;
  const failure =
    record.outcome.kind === "failed"
      ? { reason: record.outcome.reason, ...statusOf(record.outcome.status_code) }
      : {};
  return {
    kind: "delivery.exhausted",
    workspace_id,
    at: new Date(Date.parse(record.at) + record.duration_ms).toISOString(),
    event_id,
    event_seq,
    event_type,
    call_id,
    agent_id,
    delivery_id: deliveryId,
    attempts: attempt,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...failure,
  };
};

const statusOf = (status_code: number | undefined) =>
  status_code === undefined ? {} : { status_code };

/** The event by which the workspace's own subscription is told the same. */
export type ExhaustedEvent = { readonly address: EventAddress; readonly body: EventBody };

/** The event that tells a workspace; undefined for a delivery of such an event: that would never end. */
export const exhaustedEvent = (operation: ExhaustedOperation): ExhaustedEvent | undefined => {
  const [eventType] = WORKSPACE_EVENT_TYPES;
  const { kind: _kind, workspace_id, call_id, at, event_seq: _seq, ...delivery } = operation;
  if (operation.event_type === eventType) return undefined;
  const address = { workspaceId: workspace_id, callId: call_id, agentId: WORKSPACE_AGENT };
  return {
    address: { ...address, eventType },
    body: {
      event_type: eventType,
      workspace_id,
      call_id,
      agent_id: WORKSPACE_AGENT,
      delivery: { ...delivery, given_up_at: at },
    },
  };
};
