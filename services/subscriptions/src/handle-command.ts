import {
  stateAfter,
  type AgentState,
  type ConfigurationEventType,
} from "@ringback/contracts/agent";
import type { AgentAddress } from "@ringback/contracts/subjects";
import { pause } from "@ringback/runtime/backoff";
import type { AgentStore, StoredAgent } from "./agent-store.ts";
import { decide, type Acceptance, type Command, type Rejection } from "./decide/edit.ts";
import { recordsOf } from "./decide/record.ts";

export type CommandDeps = {
  readonly store: AgentStore;
  readonly now: () => Date;
  /** Between 0 and 1. */
  readonly random: () => number;
  readonly onChange: (type: ConfigurationEventType) => void;
  readonly onConflict: () => void;
};

/** What came of a command that was carried out; `changes` is empty when all was as wished. */
export type Handled = Acceptance & { readonly state: AgentState };

export type CommandResult =
  | Handled
  | Rejection
  /** Others changed the agent faster than this could be decided. */
  | { readonly kind: "conflict" };

const MAX_TRIES = 20;
const FIRST_WAIT_MS = 10;
const MAX_WAIT_MS = 250;

/**
 * Reads, decides and appends; decides anew over what it then finds whenever another change came in
 * between. Throws when it is not known whether everything is stored.
 */
export const handleCommand = async (
  command: Command,
  actor: string,
  deps: CommandDeps,
): Promise<CommandResult> => {
  const address = {
    workspaceId: command.agent.workspace_id,
    agentId: command.agent.agent_id,
  };
  for (let n = 0; n < MAX_TRIES; n += 1) {
    if (n > 0) await pause(waitMs(n, deps.random()));
    const before = await deps.store.read(address);
    const decision = decide(command, before.state);
    if (decision.kind === "rejected") return decision;
    const state = await appendAll(decision, before, address, actor, deps);
    if (state !== "conflict") return { ...decision, state };
    deps.onConflict();
  }
  return { kind: "conflict" };
};

/** A random part of a span that doubles: of 100 writers at once, each finds a quiet moment. */
const waitMs = (n: number, random: number): number =>
  random * Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** n);

const appendAll = async (
  { changes }: Acceptance,
  before: StoredAgent,
  address: AgentAddress,
  actor: string,
  { store, now, onChange }: CommandDeps,
): Promise<AgentState | "conflict"> => {
  let { state, seq } = before;
  const occasion = { actor, occurred_at: now().toISOString() };
  for (const record of recordsOf(changes, before.state, occasion)) {
    const appended = await store.append(address, record, seq);
    if (appended.kind === "conflict") return "conflict";
    onChange(record.type);
    seq = appended.seq;
    state = stateAfter(record);
  }
  return state;
};
