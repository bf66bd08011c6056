import {
  evolve,
  type AgentState,
  type ConfigurationChange,
  type ConfigurationEvent,
} from "@ringback/contracts/agents/agent";
import type { IdempotencyMark } from "@ringback/contracts/streams/request-record";

/** The author of a change, and its time (RFC 3339). */
export type ChangeMetadata = { readonly actor: string; readonly occurred_at: string };

/**
 * The events of these changes, in order. Each carries the state that it led to, so that a reader needs
 * only an agent's last event. The last event has the idempotency marker: with it the whole request is done.
 */
export const toEvents = (
  changes: readonly ConfigurationChange[],
  before: AgentState,
  metadata: ChangeMetadata,
  idempotency?: IdempotencyMark,
): ConfigurationEvent[] => {
  const events: ConfigurationEvent[] = [];
  let state = before;
  for (const change of changes) {
    state = evolve(state, { ...change, ...metadata });
    const agent = state.kind === "registered" ? state.agent : null;
    events.push({ ...change, ...metadata, version: state.version, agent });
  }
  const last = events.pop();
  if (last === undefined) return [];
  return [...events, idempotency === undefined ? last : { ...last, idempotency }];
};
