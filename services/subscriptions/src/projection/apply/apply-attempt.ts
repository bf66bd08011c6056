import { eventSequence } from "@ringback/contracts/events/event";
import { parseEventSubject, type EventAddress } from "@ringback/contracts/streams/subjects";
import { decodeAttempt } from "@ringback/contracts/deliveries/decode";
import { ATTEMPT_FACETS, attemptResult, customType } from "../file/facets.ts";
import { callHash } from "../file/ids.ts";
import type { Applier, ApplierDeps } from "./applier.ts";
import { redeliveryCounter } from "./redelivery-counts.ts";
import { attemptCounter } from "./stats.ts";

/** Keeps an attempt, its effect on its event, and the counts that it belongs to. */
export const attemptApplier = ({ db, ids, progress, eventsCreatedMs }: ApplierDeps): Applier => {
  const insert = db.prepare(
    "INSERT OR REPLACE INTO attempts (seq, workspace, agent, facet, custom, at_ms, call_hash) VALUES (?, ?, ?, ?, ?, ?, ?)",
  );
  const count = attemptCounter(db);
  const redeliveries = redeliveryCounter(db);
  return ({ subject, seq, data }) => {
    const record = decodeAttempt(data).value;
    const address = addressIn(subject);
    if (record === undefined || address === undefined) return "unreadable";
    const { workspaceId, agentId, callId, eventType } = address;
    const { workspace, agent } = ids.ensured(workspaceId, agentId);
    const result = attemptResult(record.outcome);
    const facet = ATTEMPT_FACETS.of(eventType, result);
    const atMs = Date.parse(record.at);
    const hash = callHash(workspaceId, callId);
    insert.run(seq, workspace, agent, facet, customType(eventType), atMs, hash);
    const eventSeq = eventSequence(record.event_id, eventsCreatedMs);
    if (eventSeq !== undefined) progress.recorded(eventSeq, address, record);
    if (record.trigger !== "test") count(agent, atMs, result, record.duration_ms);
    redeliveries.recorded(workspace, record, seq);
    return "applied";
  };
};

/** The subject decides whose attempt it is, whatever the record says. */
const addressIn = (subject: string): EventAddress | undefined => {
  const [, ...tokens] = subject.split(".");
  if (tokens.length !== 5) return undefined;
  const parsed = parseEventSubject(["events", ...tokens.slice(0, 4)].join("."));
  return parsed.kind === "event" ? parsed.address : undefined;
};
