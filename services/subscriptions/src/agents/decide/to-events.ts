import {
  evolve,
  type AgentState,
  type ConfigurationChange,
  type ConfigurationEvent,
} from "@ringback/contracts/agents/agent";
import type { IdempotencyMark } from "@ringback/contracts/streams/request-record";
import { eventsOf, type ChangeMetadata } from "../../commands/decide/events-of.ts";

/**
 * The events of these changes, in order. Each carries the state that it led to, so that a reader needs
 * only an agent's last event. The last event has the idempotency marker: with it the whole request is done.
 */
export const toEvents = (
  changes: readonly ConfigurationChange[],
  before: AgentState,
  metadata: ChangeMetadata,
  idempotency?: IdempotencyMark,
): ConfigurationEvent[] =>
  eventsOf(changes, before, idempotency, (state: AgentState, change) => {
    const after = evolve(state, { ...change, ...metadata });
    const agent = after.kind === "registered" ? after.agent : null;
    return { state: after, event: { ...change, ...metadata, version: after.version, agent } };
  });
