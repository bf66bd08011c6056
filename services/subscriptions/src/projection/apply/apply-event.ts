import type { DatabaseSync } from "node:sqlite";
import { isTestEvent } from "@ringback/contracts/events/test-event";
import { parseEventSubject } from "@ringback/contracts/streams/subjects";
import { MESSAGE_SIZE_HEADER } from "@ringback/runtime/nats/message-headers";
import { customType, EVENT_FACETS } from "../file/facets.ts";
import { callHash, type Ids } from "../file/ids.ts";
import type { Applier } from "./applier.ts";

/**
 * Keeps the head of an event, and completes the row that its records made when they came first. A message
 * without an event's subject gets no row: its dead letter has all that is known.
 */
export const eventApplier = (db: DatabaseSync, ids: Ids): Applier => {
  const insert = db.prepare(`
    INSERT INTO events (seq, workspace, agent, facet, custom, at_ms, call_hash, call_id, size_bytes, is_test, attempts, check_ms)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)
    ON CONFLICT (seq) DO UPDATE SET
      at_ms = excluded.at_ms, size_bytes = excluded.size_bytes, is_test = excluded.is_test`);
  return ({ subject, seq, atMs, header }) => {
    const parsed = parseEventSubject(subject);
    if (parsed.kind === "invalid") return "applied";
    const { workspaceId, agentId, callId, eventType } = parsed.address;
    const { workspace, agent } = ids.ensured(workspaceId, agentId);
    const facet = EVENT_FACETS.of(eventType, "pending");
    const hash = callHash(workspaceId, callId);
    const size = Number(header(MESSAGE_SIZE_HEADER)) || 0;
    const isTest = Number(isTestEvent(header));
    const head = [seq, workspace, agent, facet, customType(eventType), atMs] as const;
    insert.run(...head, hash, callId, size, isTest, atMs);
    return "applied";
  };
};
