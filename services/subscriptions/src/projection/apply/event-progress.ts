import type { DatabaseSync } from "node:sqlite";
import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import type { DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import {
  eventStatus,
  isLastWord,
  type EventStatus,
} from "@ringback/contracts/deliveries/event-status";
import type { EventAddress } from "@ringback/contracts/streams/subjects";
import { customType, EVENT_FACETS } from "../file/facets.ts";
import { keepDestination } from "./destinations.ts";
import { callHash, type Ids } from "../file/ids.ts";

/** An event as its row has it. */
type Known = {
  readonly status: EventStatus;
  readonly attempts: number;
  /** When the attempt of its last record ended; null: there is no record. */
  readonly endedMs: number | null;
  /** When a dead letter was written that no attempt had led to; null: there is none. */
  readonly deadLetterMs: number | null;
};

const UNKNOWN: Known = { status: "pending", attempts: 0, endedMs: null, deadLetterMs: null };

/**
 * Keeps the status of events as records and dead letters come in. Streams are followed side by side, so these
 * may come before their event: they make a row without a time, which no list shows until the event comes.
 */
export const eventProgress = (db: DatabaseSync, ids: Ids) => {
  const known = knownEvents(db, ids);
  const destination = keepDestination(db);
  const attempted = db.prepare(`
    UPDATE events SET facet = ?, attempts = ?, last_attempt_ms = max(ifnull(last_attempt_ms, 0), ?),
      last_ended_ms = ?, next_attempt_ms = ?, last_status_code = ?, destination = ifnull(?, destination),
      check_ms = NULL WHERE seq = ?`);
  const ended = db.prepare(`
    UPDATE events SET facet = ?, dead_letter_ms = ?, next_attempt_ms = NULL, check_ms = NULL WHERE seq = ?`);
  return {
    recorded: (eventSeq: number, address: EventAddress, record: AttemptRecord): void => {
      const before = known.of(eventSeq, address);
      if (before === undefined) return;
      const isDelivered = before.status === "delivered" || record.outcome.kind === "delivered";
      const { deadLetterMs } = before;
      const isDeadLettered =
        deadLetterMs !== null && isLastWord(deadLetterAt(deadLetterMs), record);
      const status = eventStatus({
        isDelivered,
        lastRecord: record,
        isDeadLettered,
        isSettled: false,
      });
      const nextMs =
        status === "retrying" && record.next.kind === "retry" ? Date.parse(record.next.at) : null;
      attempted.run(
        EVENT_FACETS.of(address.eventType, status),
        before.attempts + 1,
        Date.parse(record.at),
        endOf(record),
        nextMs,
        statusCodeOf(record),
        // Null where nothing was sent: the destination of the attempt before stays.
        record.request === undefined ? null : destination(record.request.url, eventSeq),
        eventSeq,
      );
    },
    deadLettered: (
      eventSeq: number,
      address: EventAddress,
      deadLetter: Pick<DeadLetter, "reason" | "at">,
    ): void => {
      const before = known.of(eventSeq, address);
      if (before === undefined || before.status === "delivered") return;
      const last = before.endedMs === null ? undefined : endedAt(before.endedMs);
      if (!isLastWord(deadLetter, last)) return;
      // The record of the last attempt says `exhausted` too, and counts as that.
      const isExhausted = deadLetter.reason === "exhausted";
      const deadLetterMs = isExhausted ? before.deadLetterMs : Date.parse(deadLetter.at);
      ended.run(EVENT_FACETS.of(address.eventType, "dead_lettered"), deadLetterMs, eventSeq);
    },
  };
};

const knownEvents = (db: DatabaseSync, ids: Ids) => {
  const find = db.prepare(
    "SELECT workspace, facet, attempts, last_ended_ms, dead_letter_ms FROM events WHERE seq = ?",
  );
  const add = db.prepare(`
    INSERT INTO events (seq, workspace, agent, facet, custom, call_hash, call_id, size_bytes, is_test, attempts)
    VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, 0)`);
  return {
    /** Undefined where the event is another workspace's: the message is not about it. */
    of: (eventSeq: number, address: EventAddress): Known | undefined => {
      const { workspaceId, agentId, callId, eventType } = address;
      const { workspace, agent } = ids.ensured(workspaceId, agentId);
      const row = find.get(eventSeq);
      if (row === undefined) {
        const facet = EVENT_FACETS.of(eventType, "pending");
        const custom = customType(eventType);
        add.run(eventSeq, workspace, agent, facet, custom, callHash(workspaceId, callId), callId);
        return UNKNOWN;
      }
      if (Number(row["workspace"]) !== workspace) return undefined;
      return {
        status: EVENT_FACETS.stateOf(Number(row["facet"])),
        attempts: Number(row["attempts"]),
        endedMs: numberOrNull(row["last_ended_ms"]),
        deadLetterMs: numberOrNull(row["dead_letter_ms"]),
      };
    },
  };
};

const numberOrNull = (value: unknown): number | null => (typeof value === "number" ? value : null);

const endOf = (record: Pick<AttemptRecord, "at" | "duration_ms">): number =>
  Date.parse(record.at) + Math.floor(record.duration_ms);

const endedAt = (ms: number) => ({ at: new Date(ms).toISOString(), duration_ms: 0 });

const statusCodeOf = ({ outcome }: AttemptRecord): number | null =>
  outcome.kind === "cancelled" ? null : (outcome.status_code ?? null);

/** Any reason except `exhausted`; only the time is used. */
const deadLetterAt = (ms: number) =>
  ({ reason: "internal", at: new Date(ms).toISOString() }) as const;
