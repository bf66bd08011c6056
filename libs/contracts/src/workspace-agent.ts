import { EVENT_TYPES, type EventType } from "./event-types.ts";

/**
 * The agent that holds a workspace's own subscriptions. It makes no calls: it is there from the first
 * PATCH on, is in no list, and cannot be registered or deleted.
 */
export const WORKSPACE_AGENT = "_workspace";

/** What only a workspace can subscribe: what Ringback itself has to tell it. */
export const WORKSPACE_EVENT_TYPES = ["delivery_exhausted"] as const;

export type WorkspaceEventType = (typeof WORKSPACE_EVENT_TYPES)[number];

/** The event types of calls: what producers publish and agents subscribe. */
export type AgentEventType = Exclude<EventType, WorkspaceEventType>;

const isOfWorkspace = (eventType: EventType): eventType is WorkspaceEventType =>
  WORKSPACE_EVENT_TYPES.some((one) => one === eventType);

const isOfAgents = (eventType: EventType): eventType is AgentEventType => !isOfWorkspace(eventType);

/** The event types of calls, in the catalogue's order. */
export const AGENT_EVENT_TYPES = EVENT_TYPES.filter(isOfAgents) as [
  AgentEventType,
  ...AgentEventType[],
];

/** The event types that this agent may subscribe. */
export const subscribableTypes = (agentId: string): readonly EventType[] =>
  agentId === WORKSPACE_AGENT ? WORKSPACE_EVENT_TYPES : AGENT_EVENT_TYPES;
