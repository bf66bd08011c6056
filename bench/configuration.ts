import {
  evolve,
  INITIAL_AGENT_STATE,
  type ConfigurationChange,
  type ConfigurationEvent,
} from "@ringback/contracts/agents/agent";
import {
  evolveEndpoint,
  INITIAL_ENDPOINT_STATE,
  type EndpointChange,
} from "@ringback/contracts/endpoints/endpoint-event";
import { endpointSubject } from "@ringback/contracts/streams/endpoint-subject";
import type { Subscription } from "@ringback/contracts/agents/subscription";
import { subscriptionSubject } from "@ringback/contracts/streams/subjects";
import { addressOf, callbackUrl } from "./payload.ts";

const OCCURRED_AT = "2026-01-01T00:00:00.000Z";

/**
 * The message on SUBSCRIPTIONS that the API would have stored last for this agent: one subscription of
 * `call_completed` at `origin`.
 */
export const storedConfiguration = (
  agent: number,
  origin: string,
  workspaces?: number,
): { readonly subject: string; readonly body: string } => {
  const { workspaceId, agentId, eventType } = addressOf(agent, 0, workspaces);
  const names = { workspace_id: workspaceId, agent_id: agentId };
  const occasion = { occurred_at: OCCURRED_AT, actor: "bench" };
  const registered = evolve(INITIAL_AGENT_STATE, {
    type: "agent_registered",
    change: { ...names, agent_display_name: `Agent ${agent}` },
    ...occasion,
  });
  const subscription: Subscription = {
    event_type: eventType,
    callback_url: callbackUrl(origin, agent),
    headers: { authorization: `Bearer ${String(agent).padStart(32, "0")}` },
    method_type: "POST",
  };
  const change: ConfigurationChange = {
    type: "event_subscriptions_edited",
    change: { set: [subscription], removed: [] },
  };
  const state = evolve(registered, { ...change, ...occasion });
  const stored = state.kind === "registered" ? state.agent : null;
  const event: ConfigurationEvent = {
    ...change,
    ...occasion,
    version: state.version,
    agent: stored,
  };
  return {
    subject: subscriptionSubject({ workspaceId, agentId }),
    body: JSON.stringify(event),
  };
};

type EndpointKind = {
  readonly nth: number;
  readonly isChosen: boolean;
  readonly isOrdered?: boolean;
};

const ORDER = { by: "call", on_failure: "wait", max_wait: "10m" } as const;

/** The same of an endpoint in the agent's workspace; one that is not chosen is for another agent. */
export const storedEndpoint = (
  agent: number,
  origin: string,
  { nth, isChosen, isOrdered = false }: EndpointKind,
): { readonly subject: string; readonly body: string } => {
  const { workspaceId, agentId } = addressOf(agent, 0);
  const endpointId = `ep_${String(nth)
    .padStart(16, "a")
    .replaceAll(/[0189]/g, (digit) => DIGITS[digit] ?? "a")}`;
  const occasion = { occurred_at: OCCURRED_AT, actor: "bench" };
  const created: EndpointChange = {
    type: "endpoint_created",
    change: {
      workspace_id: workspaceId,
      endpoint_id: endpointId,
      url: callbackUrl(origin, agent),
      headers: { authorization: `Bearer ${String(agent).padStart(32, "0")}` },
      method_type: "POST",
      agents: [isChosen ? agentId : `${agentId}-other`],
      event_types: ["*_completed"],
      switch: "on",
      ...(isOrdered ? { order: ORDER } : {}),
    },
  };
  const state = evolveEndpoint(INITIAL_ENDPOINT_STATE, { ...created, ...occasion });
  const endpoint = state.kind === "present" ? state.endpoint : null;
  return {
    subject: endpointSubject({ workspaceId, endpointId }),
    body: JSON.stringify({ ...created, ...occasion, version: state.version, endpoint }),
  };
};

/** Digits that base32 does not have. */
const DIGITS: Readonly<Record<string, string>> = { "0": "b", "1": "c", "8": "d", "9": "e" };
