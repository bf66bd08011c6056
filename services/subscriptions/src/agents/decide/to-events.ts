import {
  evolve,
  type AgentState,
  type ConfigurationChange,
  type ConfigurationEvent,
} from "@ringback/contracts/agents/agent";
import type { IdempotencyMark } from "@ringback/contracts/streams/request-record";

/** Who changed something, and when (RFC 3339). */
export type Occasion = { readonly actor: string; readonly occurred_at: string };

/**
 * The messages that record these changes, in order: each carries the state that it led to, so that
 * the last message of an agent is all that a reader needs. The last of them has the mark: with it the
 * whole request is carried out.
 */
export const recordsOf = (
  changes: readonly ConfigurationChange[],
  before: AgentState,
  occasion: Occasion,
  idempotency?: IdempotencyMark,
): ConfigurationEvent[] => {
  const records: ConfigurationEvent[] = [];
  let state = before;
  for (const change of changes) {
    state = evolve(state, { ...change, ...occasion });
    const agent = state.kind === "registered" ? state.agent : null;
    records.push({ ...change, ...occasion, version: state.version, agent });
  }
  const last = records.pop();
  if (last === undefined) return [];
  return [...records, idempotency === undefined ? last : { ...last, idempotency }];
};
