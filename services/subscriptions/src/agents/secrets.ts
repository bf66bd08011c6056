import type {
  Agent,
  AgentState,
  ConfigurationChange,
  ConfigurationEvent,
} from "@ringback/contracts/agents/agent";
import type { AgentAddress } from "@ringback/contracts/streams/subjects";
import {
  openSubscription,
  sealSigningKey,
  sealSubscription,
  subscriptionOwner,
  type Sealer,
} from "@ringback/contracts/secrets/subscription-secrets";
import type { Logger } from "@ringback/runtime/telemetry/logger";

/** Seals the secrets of a configuration event, in its change and in its state. */
export const sealEvent = (
  address: AgentAddress,
  event: ConfigurationEvent,
  sealer: Pick<Sealer, "seal">,
): ConfigurationEvent => {
  const sealAll = (subscriptions: Agent["event_subscriptions"]) =>
    subscriptions.map((one) =>
      sealSubscription(subscriptionOwner(address, one.event_type), one, sealer),
    );
  const { agent } = event;
  const sealed = {
    agent:
      agent === null ? null : { ...agent, event_subscriptions: sealAll(agent.event_subscriptions) },
  };
  if (event.type === "signing_secret_rotated") {
    const set = event.change.set.map(({ event_type, key }) => ({
      event_type,
      key: sealSigningKey(subscriptionOwner(address, event_type), key, sealer),
    }));
    return { ...event, ...sealed, change: { ...event.change, set } };
  }
  if (event.type !== "event_subscriptions_edited") return { ...event, ...sealed };
  return { ...event, ...sealed, change: { ...event.change, set: sealAll(event.change.set) } };
};

/**
 * Opens an agent's secrets. A secret that no key opens stays sealed, so that the rest of the agent can still
 * be read and changed; the log says so, because a key is missing.
 */
export const openState = (
  address: AgentAddress,
  state: AgentState,
  sealer: Pick<Sealer, "open">,
  log?: Logger,
): AgentState => {
  if (state.kind === "absent") return state;
  const event_subscriptions = state.agent.event_subscriptions.map((stored) => {
    const owner = subscriptionOwner(address, stored.event_type);
    const { subscription, problems } = openSubscription(owner, stored, sealer);
    if (problems.length > 0) {
      const { workspaceId: workspace_id, agentId: agent_id } = address;
      const { event_type } = stored;
      log?.error({ workspace_id, agent_id, event_type, problems }, "secrets.unreadable");
    }
    return subscription;
  });
  return { ...state, agent: { ...state.agent, event_subscriptions } };
};

/** A change of an agent with its secrets open, except those that no key opens. */
export const openChange = (
  address: AgentAddress,
  change: ConfigurationChange,
  sealer: Pick<Sealer, "open">,
): ConfigurationChange => {
  if (change.type !== "event_subscriptions_edited") return change;
  const set = change.change.set.map(
    (one) => openSubscription(subscriptionOwner(address, one.event_type), one, sealer).subscription,
  );
  return { ...change, change: { ...change.change, set } };
};
