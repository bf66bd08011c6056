import {
  configurationChangeSchema,
  INITIAL_AGENT_STATE,
  stateAfter,
  type AgentState,
  type ConfigurationChange,
  type ConfigurationEvent,
} from "@ringback/contracts/agents/agent";
import { readAgentState } from "@ringback/contracts/agents/agent-message";
import { isId } from "@ringback/contracts/id";
import { subscriptionSubject, type AgentAddress } from "@ringback/contracts/streams/subjects";
import type { EntityKind } from "../commands/entity.ts";
import type { EntityHistory, HistoryEntry } from "../commands/entity-history.ts";
import type { EntityStore } from "../commands/entity-store.ts";
import type { AppliedCommand, CommandKind } from "../commands/handle-command.ts";
import type { OnceDeps } from "../commands/run-once.ts";
import { decide, type Accepted, type Command, type Rejection } from "./decide/edit.ts";
import { toEvents } from "./decide/to-events.ts";
import { openChange, openState, sealEvent } from "./secrets.ts";

type AgentTypes = {
  readonly address: AgentAddress;
  readonly state: AgentState;
  readonly change: ConfigurationChange;
  readonly event: ConfigurationEvent;
  readonly command: Command;
  readonly accepted: Accepted;
  readonly rejection: Rejection;
};

export type AgentStore = EntityStore<AgentTypes>;

export type AgentHistory = EntityHistory<AgentTypes>;

export type AgentHistoryEntry = HistoryEntry<AgentTypes>;

export type AppliedAgentCommand = AppliedCommand<AgentTypes>;

/** What the calls that change agents work with. */
export type AgentCommandDeps = OnceDeps<AgentTypes>;

/** How agents are stored. */
export const AGENTS: EntityKind<AgentTypes> = {
  initial: INITIAL_AGENT_STATE,
  isAddress: ({ agentId }) => isId(agentId),
  subjectOf: subscriptionSubject,
  subjectTemplate: "subscriptions.{workspace_id}.{agent_id}",
  stateIn: readAgentState,
  changeIn: (address, message, sealer) => {
    const { data: change } = configurationChangeSchema.safeParse(message);
    return change === undefined ? undefined : openChange(address, change, sealer);
  },
  open: openState,
  seal: sealEvent,
};

/** How commands to agents are decided. */
export const AGENT_COMMANDS: CommandKind<AgentTypes> = {
  addressOf: ({ agent }) => ({ workspaceId: agent.workspace_id, agentId: agent.agent_id }),
  idOf: ({ agent }) => agent.agent_id,
  withId: (command, agent_id) => ({ ...command, agent: { ...command.agent, agent_id } }),
  decide,
  toEvents,
  stateAfter,
};
