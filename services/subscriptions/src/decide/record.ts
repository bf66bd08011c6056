import {
  evolve,
  type AgentState,
  type ConfigurationChange,
  type ConfigurationEvent,
} from "@ringback/contracts/agent";

/** Who changed something, and when (RFC 3339). */
export type Occasion = { readonly actor: string; readonly occurred_at: string };

/**
 * The messages that record these changes, in order: each carries the state that it led to, so that
 * the last message of an agent is all that a reader needs.
 */
export const recordsOf = (
  changes: readonly ConfigurationChange[],
  before: AgentState,
  occasion: Occasion,
): ConfigurationEvent[] => {
  const records: ConfigurationEvent[] = [];
  let state = before;
  for (const change of changes) {
    state = evolve(state, { ...change, ...occasion });
    const agent = state.kind === "registered" ? state.agent : null;
    records.push({ ...change, ...occasion, version: state.version, agent });
  }
  return records;
};
