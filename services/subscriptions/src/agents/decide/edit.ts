import type { Agent, AgentState, ConfigurationChange } from "@ringback/contracts/agents/agent";
import type { Subscription } from "@ringback/contracts/agents/subscription";
import {
  editSubscriptions,
  removeSubscriptions,
  type EditedSubscriptions,
  type EditEffects,
  type EditRejection,
  type EditSubscriptions,
  type RemoveSubscriptions,
} from "./edit-subscriptions.ts";
import { isMet, type Precondition } from "../../commands/decide/precondition.ts";
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

/** What a caller wants done to one agent. */
export type Command =
  | RegisterAgent
  | RenameAgent
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

type RenameAgent = {
  readonly kind: "rename_agent";
  readonly agent: AgentIds;
  readonly agent_display_name: string;
};

type DeregisterAgent = { readonly kind: "deregister_agent"; readonly agent: AgentIds };

export type Rejection =
  | RejectedAs<"agent_not_found">
  | RejectedAs<"agent_exists", { agent: Agent }>
  /** `version`: the agent's; undefined where there is no agent. */
  | RejectedAs<"precondition_failed", { version: number | undefined }>
  | EditRejection
  | SigningRejection;

export type Accepted = {
  readonly kind: "accepted";
  /** In the order in which they are to be stored; empty when there is nothing to change. */
  readonly changes: readonly ConfigurationChange[];
  /** Of an edit or a removal. */
  readonly effects?: EditEffects;
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
    case "rename_agent":
      return state.kind === "registered" ? rename(command, state.agent) : NOT_FOUND;
    case "edit_event_subscriptions":
      return ofRegistered(command, state, (all) => editSubscriptions(command, all));
    case "remove_event_subscriptions":
      return ofRegistered(command, state, (all) => removeSubscriptions(command, all));
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

const accepted = (changes: readonly ConfigurationChange[]): Accepted => ({
  kind: "accepted",
  changes,
});

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

const rename = ({ agent_display_name }: RenameAgent, agent: Agent): Decision =>
  agent.agent_display_name === agent_display_name
    ? accepted([])
    : accepted([{ type: "agent_renamed", change: { agent_display_name } }]);

/**
 * Decides over a registered agent, or registers it first. Between the two messages the agent has no
 * subscriptions: after a crash in between, the caller only has to retry.
 */
const ofRegistered = (
  command: EditSubscriptions | RemoveSubscriptions,
  state: AgentState,
  decideOn: (subscriptions: Agent["event_subscriptions"]) => EditedSubscriptions | EditRejection,
): Decision => {
  if (state.kind === "registered") return decideOn(state.agent.event_subscriptions);
  if (command.if_absent === "reject") return NOT_FOUND;
  const decision = decideOn([]);
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
