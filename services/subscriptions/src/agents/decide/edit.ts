import type { Agent, AgentState, ConfigurationChange } from "@ringback/contracts/agents/agent";
import type { EventType } from "@ringback/contracts/events/event-types";
import { sameSubscription, type Subscription } from "@ringback/contracts/agents/subscription";
import { isMet, type Precondition } from "./precondition.ts";
import {
  removeSigningSecret,
  rotateSigningSecret,
  type AgentIds,
  type RejectedAs,
  type RemoveSigningSecret,
  type RotateSigningSecret,
  type SigningDecision,
  type SigningRejection,
} from "./signing.ts";

/** What to do with a command for an unknown agent (`AGENT_REGISTRATION`). */
export type IfAbsent = "reject" | "register";

/** What a caller wants done to one agent. */
export type Command =
  | RegisterAgent
  | EditSubscriptions
  | RemoveSubscriptions
  | RotateSigningSecret
  | RemoveSigningSecret
  | DeregisterAgent;

type RegisterAgent = {
  readonly kind: "register_agent";
  readonly agent: AgentIds;
  readonly agent_display_name: string;
};

export type EditSubscriptions = {
  readonly kind: "edit_event_subscriptions";
  readonly agent: AgentIds;
  /** Each event type at most once. */
  readonly event_subscriptions: readonly Subscription[];
  readonly mode: "merge" | "replace";
  readonly on_conflict: "overwrite" | "error";
  readonly if_absent: IfAbsent;
};

export type RemoveSubscriptions = {
  readonly kind: "remove_event_subscriptions";
  readonly agent: AgentIds;
  readonly event_types: readonly EventType[];
  readonly if_absent: IfAbsent;
};

type DeregisterAgent = { readonly kind: "deregister_agent"; readonly agent: AgentIds };

/** A subscription before the change, as responses name it. */
type PreviousSubscription = Pick<Subscription, "event_type" | "callback_url">;

export type Rejection =
  | RejectedAs<"agent_not_found">
  | RejectedAs<"agent_exists", { agent: Agent }>
  /** `version`: the agent's; undefined where there is no agent. */
  | RejectedAs<"precondition_failed", { version: number | undefined }>
  | RejectedAs<"subscription_exists", { existing: readonly PreviousSubscription[] }>
  | SigningRejection;

export type Accepted = {
  readonly kind: "accepted";
  /** In the order in which they are to be stored; empty when there is nothing to change. */
  readonly changes: readonly ConfigurationChange[];
  /** Subscriptions of the named types as they were before. */
  readonly replaced: readonly PreviousSubscription[];
  readonly removed: readonly PreviousSubscription[];
};

export type Decision = Accepted | Rejection;

/**
 * The changes that a command makes to an agent in this state, or why it is rejected. `If-Match` only counts
 * for a command that would be carried out: an unknown agent stays unknown (RFC 9110 section 13.2.1).
 */
export const decide = (
  command: Command,
  state: AgentState,
  precondition?: Precondition,
): Decision => {
  const decision = decideUnconditionally(command, state);
  if (decision.kind === "rejected" || isMet(precondition, state)) return decision;
  const version = state.kind === "registered" ? state.version : undefined;
  return { kind: "rejected", code: "precondition_failed", version };
};

const decideUnconditionally = (command: Command, state: AgentState): Decision => {
  switch (command.kind) {
    case "register_agent":
      return register(command, state);
    case "edit_event_subscriptions":
      return ofRegistered(command, state, (agent) => edit(command, agent));
    case "remove_event_subscriptions":
      return ofRegistered(command, state, (agent) => remove(command, agent));
    case "rotate_signing_secret":
      return ofSigned(state, (all) => rotateSigningSecret(command, all));
    case "remove_signing_secret":
      return ofSigned(state, (all) => removeSigningSecret(command, all));
    case "deregister_agent":
      return state.kind === "registered"
        ? accepted([{ type: "agent_deregistered", change: {} }])
        : NOT_FOUND;
    default:
      return command satisfies never;
  }
};

const NOT_FOUND: Rejection = { kind: "rejected", code: "agent_not_found" };

const accepted = (
  changes: readonly ConfigurationChange[],
  replaced: readonly PreviousSubscription[] = [],
  removed: readonly PreviousSubscription[] = [],
): Accepted => ({ kind: "accepted", changes, replaced, removed });

const registration = (agent: AgentIds, agent_display_name: string): ConfigurationChange => ({
  type: "agent_registered",
  change: { ...agent, agent_display_name },
});

const register = (command: RegisterAgent, state: AgentState): Decision => {
  if (state.kind === "absent") {
    return accepted([registration(command.agent, command.agent_display_name)]);
  }
  return state.agent.agent_display_name === command.agent_display_name
    ? accepted([])
    : { kind: "rejected", code: "agent_exists", agent: state.agent };
};

/**
 * Decides over a registered agent, or registers it first. Between the two messages the agent has no
 * subscriptions: after a crash in between, the caller only has to retry.
 */
const ofRegistered = (
  command: EditSubscriptions | RemoveSubscriptions,
  state: AgentState,
  decideOn: (agent: Pick<Agent, "event_subscriptions">) => Decision,
): Decision => {
  if (state.kind === "registered") return decideOn(state.agent);
  if (command.if_absent === "reject") return NOT_FOUND;
  const decision = decideOn({ event_subscriptions: [] });
  if (decision.kind === "rejected") return decision;
  const first = registration(command.agent, command.agent.agent_id);
  return { ...decision, changes: [first, ...decision.changes] };
};

/** An unknown agent has no subscriptions to sign for, so these commands never register it. */
const ofSigned = (
  state: AgentState,
  decideOn: (subscriptions: readonly Subscription[]) => SigningDecision,
): Decision => {
  if (state.kind === "absent") return NOT_FOUND;
  const decision = decideOn(state.agent.event_subscriptions);
  return decision.kind === "accepted" ? accepted(decision.changes) : decision;
};

const edit = (command: EditSubscriptions, agent: Pick<Agent, "event_subscriptions">): Decision => {
  const { event_subscriptions: wanted, mode, on_conflict } = command;
  const before = agent.event_subscriptions;
  const isNamed = ({ event_type }: Subscription) =>
    wanted.some((subscription) => subscription.event_type === event_type);
  const replaced = before.filter(isNamed).map(previous);
  if (on_conflict === "error" && replaced.length > 0) {
    return { kind: "rejected", code: "subscription_exists", existing: replaced };
  }
  const removed = mode === "replace" ? before.filter((one) => !isNamed(one)).map(previous) : [];
  const set = wanted.filter((one) => !before.some((other) => sameSubscription(one, other)));
  if (set.length === 0 && removed.length === 0) return accepted([], replaced);
  const change = { set, removed: removed.map(({ event_type }) => event_type) };
  return accepted([{ type: "event_subscriptions_edited", change }], replaced, removed);
};

const remove = (
  { event_types }: RemoveSubscriptions,
  agent: Pick<Agent, "event_subscriptions">,
): Decision => {
  const removed = agent.event_subscriptions
    .filter(({ event_type }) => event_types.includes(event_type))
    .map(previous);
  if (removed.length === 0) return accepted([]);
  const change = { removed: removed.map(({ event_type }) => event_type) };
  return accepted([{ type: "event_subscriptions_removed", change }], [], removed);
};

const previous = ({ event_type, callback_url }: Subscription): PreviousSubscription => ({
  event_type,
  callback_url,
});
