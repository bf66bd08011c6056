import type { Agent, AgentState, ConfigurationEvent } from "@ringback/contracts/agents/agent";
import type { AgentAddress } from "@ringback/contracts/streams/subjects";
import {
  openSubscription,
  sealSigningKey,
  sealSubscription,
  subscriptionOwner,
  type Sealer,
  type SealingContext,
} from "@ringback/contracts/secrets/subscription-secrets";
import type { Logger } from "@ringback/runtime/telemetry/logger";

const nameOf = (text: string, context: SealingContext): string =>
  JSON.stringify([text, ...context]);

/**
 * A sealer that remembers sealed texts: sealing a known secret again returns the stored text, so unchanged
 * secrets keep their bytes. Secrets under another key than the current one are sealed again.
 */
export const rememberingSealer = (sealer: Sealer): Sealer => {
  const known = new Map<string, string>();
  return {
    isCurrent: sealer.isCurrent,
    open: (stored, context) => {
      const opened = sealer.open(stored, context);
      if (opened.kind === "opened" && sealer.isCurrent(stored)) {
        known.set(nameOf(opened.text, context), stored);
      }
      return opened;
    },
    seal: (text, context) => {
      const name = nameOf(text, context);
      const sealed = known.get(name) ?? sealer.seal(text, context);
      known.set(name, sealed);
      return sealed;
    },
  };
};

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
