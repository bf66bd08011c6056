import { Buffer } from "node:buffer";
import type { DatabaseSync } from "node:sqlite";
import { attemptRecordSchema, type AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import { eventSequence } from "@ringback/contracts/events/event";
import { parseEventSubject, type EventAddress } from "@ringback/contracts/streams/subjects";
import { ATTEMPT_FACETS, attemptResult, customType } from "../file/facets.ts";
import type { EventProgress } from "./event-progress.ts";
import { callHash, type Ids } from "../file/ids.ts";
import type { AppliedAttempt } from "../projection.ts";
import { redeliveryCounter } from "./redelivery-counts.ts";
import { attemptCounter } from "./stats.ts";
import type { StreamMessage } from "./stream-message.ts";

export type AttemptApplierDeps = {
  readonly db: DatabaseSync;
  readonly ids: Ids;
  readonly progress: EventProgress;
  /** When EVENTS was made: records of an earlier stream of that name are of other events. */
  readonly eventsCreatedMs: number;
  readonly onUnreadable: (seq: number) => void;
};

/** Keeps an attempt, what it says about its event, and the counts it belongs to. */
export const attemptApplier = (deps: AttemptApplierDeps) => {
  const { db, ids, progress, eventsCreatedMs, onUnreadable } = deps;
  const insert = db.prepare(
    "INSERT OR REPLACE INTO attempts (seq, workspace, agent, facet, custom, at_ms, call_hash) VALUES (?, ?, ?, ?, ?, ?, ?)",
  );
  const count = attemptCounter(db);
  const redeliveries = redeliveryCounter(db);
  return ({ subject, seq, data }: StreamMessage): AppliedAttempt | undefined => {
    const record = recordIn(data);
    const place = placeIn(subject);
    if (record === undefined || place === undefined) {
      onUnreadable(seq);
      return undefined;
    }
    const { address, deliveryId } = place;
    const { workspaceId, agentId, callId } = address;
    const { workspace, agent } = ids.ensured(workspaceId, agentId);
    const result = attemptResult(record.outcome);
    const facet = ATTEMPT_FACETS.of(address.eventType, result);
    const atMs = Date.parse(record.at);
    const custom = customType(address.eventType);
    insert.run(seq, workspace, agent, facet, custom, atMs, callHash(workspaceId, callId));
    const eventSeq = eventSequence(record.event_id, eventsCreatedMs);
    if (eventSeq !== undefined) progress.recorded(eventSeq, address, record);
    if (record.trigger !== "test") count(agent, atMs, result, record.duration_ms);
    redeliveries.recorded(workspace, record, seq);
    return { workspaceId, seq, deliveryId, record };
  };
};

const recordIn = (data: Uint8Array): AttemptRecord | undefined => {
  try {
    const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("utf8");
    return attemptRecordSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
};

type Place = { readonly address: EventAddress; readonly deliveryId: string };

/** The subject says whose it is, whatever the record says. */
const placeIn = (subject: string): Place | undefined => {
  const [, workspaceId, callId, agentId, eventType, deliveryId, ...rest] = subject.split(".");
  if (deliveryId === undefined || rest.length > 0) return undefined;
  const parsed = parseEventSubject(`events.${workspaceId}.${callId}.${agentId}.${eventType}`);
  return parsed.kind === "event" ? { address: parsed.address, deliveryId } : undefined;
};
