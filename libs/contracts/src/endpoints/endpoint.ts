import { z } from "zod";
import { storedOrderSchema } from "../agents/delivery-order.ts";
import { storedPolicySchema } from "../agents/delivery-policy.ts";
import { methodTypeSchema, withLiveKeys, type Subscription } from "../agents/subscription.ts";
import { isWorkspaceEventType } from "../agents/workspace-agent.ts";
import { signingKeySchema } from "../secrets/signing-key.ts";
import type { EventType } from "../events/event-types.ts";
import type { EventAddress } from "../streams/subjects.ts";
import { matchesEventType } from "./event-type-pattern.ts";

/** Stands for every agent in `agents`, and for every event type of calls in `event_types`. */
export const ALL = "*";

/** What a person made of an endpoint. */
export const ENDPOINT_SWITCHES = ["on", "paused", "disabled"] as const;

/** What becomes of the events of an endpoint that is off. */
export const WHILE_OFF = ["hold", "discard"] as const;

/** The states of an endpoint, as responses name them. */
export const ENDPOINT_STATES = ["healthy", "paused", "disabled"] as const;

export type EndpointStateName = (typeof ENDPOINT_STATES)[number];

export const stateNameOf = ({ switch: set }: Pick<Endpoint, "switch">): EndpointStateName =>
  set === "on" ? "healthy" : set;

/**
 * A URL of a workspace that events of any of its agents are sent to, as it is stored. Without bounds, so that stored
 * endpoints can still be read when the bounds change. Times are RFC 3339 in UTC.
 */
export const endpointSchema = z.object({
  workspace_id: z.string(),
  endpoint_id: z.string(),
  /** The customer's own id, unique in the workspace; it never changes. */
  uid: z.string().optional(),
  url: z.string(),
  method_type: methodTypeSchema,
  headers: z.record(z.string(), z.string()),
  delivery: storedPolicySchema.optional(),
  /** Signing keys, newest first. */
  signing: z.array(signingKeySchema).min(1).optional(),
  description: z.string().optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  /** `*` alone, or ids of agents. */
  agents: z.array(z.string()).min(1),
  /** Names and patterns. */
  event_types: z.array(z.string()).min(1),
  /** The JSON text of a filter, as it was written: a number may have more digits than a double. */
  filter: z.string().optional(),
  order: storedOrderSchema.optional(),
  switch: z.enum(ENDPOINT_SWITCHES),
  /** When the switch was set. */
  switched_at: z.string(),
  /** Of an endpoint that is off: what becomes of its events meanwhile. */
  while_off: z.enum(WHILE_OFF).optional(),
  /** Of one whose events are held: they are those from then on, also where it was switched again since. */
  held_since: z.string().optional(),
  created_at: z.string(),
  updated_at: z.string(),
});

export type Endpoint = z.infer<typeof endpointSchema>;

/** The part of an endpoint that says which events it is for. */
export type EndpointChoice = Pick<Endpoint, "agents" | "event_types">;

/** Whether an endpoint is for this agent's events of calls. */
export const choosesAgent = ({ agents }: Pick<Endpoint, "agents">, agentId: string): boolean =>
  agents[0] === ALL || agents.includes(agentId);

/** Whether an endpoint is for events of this type. */
export const choosesType = (
  { event_types }: Pick<Endpoint, "event_types">,
  eventType: EventType,
): boolean => event_types.some((pattern) => matchesEventType(pattern, eventType));

/**
 * Whether an endpoint is for this agent's events of this type, before its filter is asked. An event of the workspace
 * itself is of no agent of calls: its type alone decides.
 */
export const choosesEvent = (
  endpoint: EndpointChoice,
  { agentId, eventType }: Pick<EventAddress, "agentId" | "eventType">,
): boolean =>
  (isWorkspaceEventType(eventType) || choosesAgent(endpoint, agentId)) &&
  choosesType(endpoint, eventType);

/** How an event of this type is sent to an endpoint: in the form of an agent's subscription. */
export const subscriptionOf = (
  endpoint: Pick<Endpoint, "url" | "headers" | "method_type" | "delivery" | "signing">,
  eventType: string,
): Subscription => ({
  event_type: eventType,
  callback_url: endpoint.url,
  headers: endpoint.headers,
  method_type: endpoint.method_type,
  ...(endpoint.delivery && { delivery: endpoint.delivery }),
  ...(endpoint.signing && { signing: endpoint.signing }),
});

/** The endpoint with only the keys that sign at this time. */
export const withLiveEndpointKeys = (endpoint: Endpoint, atMs: number): Endpoint => {
  const { signing: _before, ...rest } = endpoint;
  const { signing } = withLiveKeys(subscriptionOf(endpoint, ""), atMs);
  return signing === undefined ? rest : { ...rest, signing };
};
