import type { DatabaseSync } from "node:sqlite";
import { parseEventSubject } from "@ringback/contracts/streams/subjects";
import { customType, EVENT_FACETS } from "../file/facets.ts";
import { callHash, type Ids } from "../file/ids.ts";
import type { AppliedEvent } from "../projection.ts";
import type { StreamMessage } from "./stream-message.ts";

/** The server's, on messages that come without their bodies. */
const SIZE_HEADER = "Nats-Msg-Size";
/** On the events that a person sends to try an endpoint (docs/api/redelivery.md). */
const TRIGGER_HEADER = "Ringback-Trigger";

/**
 * Keeps the head of an event. Where records of it came first there is a row, which is completed. What
 * has no event's subject is nobody's, and gets none: its dead letter has all that is known.
 */
export const eventApplier = (db: DatabaseSync, ids: Ids) => {
  const insert = db.prepare(`
    INSERT INTO events (seq, workspace, agent, facet, custom, at_ms, call_hash, call_id, size_bytes, is_test, attempts, look_ms)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)
    ON CONFLICT (seq) DO UPDATE SET
      at_ms = excluded.at_ms, size_bytes = excluded.size_bytes, is_test = excluded.is_test`);
  return ({ subject, seq, atMs, header }: StreamMessage): AppliedEvent | undefined => {
    const parsed = parseEventSubject(subject);
    if (parsed.kind === "invalid") return undefined;
    const { address } = parsed;
    const { workspaceId, agentId, callId, eventType } = address;
    const { workspace, agent } = ids.ensured(workspaceId, agentId);
    const sizeBytes = Number(header(SIZE_HEADER)) || 0;
    const trigger = header(TRIGGER_HEADER) === "test" ? "test" : "event";
    insert.run(
      seq,
      workspace,
      agent,
      EVENT_FACETS.of(eventType, "pending"),
      customType(eventType),
      atMs,
      callHash(workspaceId, callId),
      callId,
      sizeBytes,
      trigger === "test" ? 1 : 0,
      atMs,
    );
    return { workspaceId, seq, address, storedAtMs: atMs, sizeBytes, trigger };
  };
};
