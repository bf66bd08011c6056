import { EVENT_TYPES, type BuiltInEventType, type EventType } from "../events/event-types.ts";

/**
 * The agent that holds a workspace's own subscriptions. It makes no calls, exists from the first PATCH on, is in
 * no list, and cannot be registered or deleted.
 */
export const WORKSPACE_AGENT = "_workspace";

/** The types that Ringback itself publishes for a workspace; no agent can subscribe to them. */
export const WORKSPACE_EVENT_TYPES = ["delivery_exhausted"] as const;

export type WorkspaceEventType = (typeof WORKSPACE_EVENT_TYPES)[number];

/** The built-in event types of calls: what producers publish and agents subscribe. */
export type AgentEventType = Exclude<BuiltInEventType, WorkspaceEventType>;

/** True for a type of `WORKSPACE_EVENT_TYPES`. */
export const isWorkspaceEventType = (eventType: EventType): eventType is WorkspaceEventType =>
  WORKSPACE_EVENT_TYPES.some((one) => one === eventType);

const isOfAgents = (eventType: BuiltInEventType): eventType is AgentEventType =>
  !isWorkspaceEventType(eventType);

/** The built-in event types of calls, in the catalogue's order. */
export const AGENT_EVENT_TYPES = EVENT_TYPES.filter(isOfAgents) as [
  AgentEventType,
  ...AgentEventType[],
];
