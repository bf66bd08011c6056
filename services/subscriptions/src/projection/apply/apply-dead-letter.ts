import { Buffer } from "node:buffer";
import type { DatabaseSync } from "node:sqlite";
import { deadLetterSchema, type DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import { eventSequence } from "@ringback/contracts/events/event";
import { callIdOf } from "@ringback/contracts/events/call-id";
import { parseEventSubject, UNKNOWN_TOKEN } from "@ringback/contracts/streams/subjects";
import { customType, DEAD_LETTER_FACETS } from "../file/facets.ts";
import type { EventProgress } from "./event-progress.ts";
import { callHash, eventHash, type Ids } from "../file/ids.ts";
import { redeliveryCounter } from "./redelivery-counts.ts";
import { invalidCounter } from "./stats.ts";
import type { StreamMessage } from "./stream-message.ts";

export type DeadLetterApplierDeps = {
  readonly db: DatabaseSync;
  readonly ids: Ids;
  readonly progress: EventProgress;
  readonly eventsCreatedMs: number;
  readonly onUnreadable: (seq: number) => void;
};

/** Keeps a dead letter and what it says about its event; parts of its subject may be unknown (`_`). */
export const deadLetterApplier = (deps: DeadLetterApplierDeps) => {
  const { db, ids, progress, eventsCreatedMs, onUnreadable } = deps;
  const redeliveries = redeliveryCounter(db);
  const countInvalid = invalidCounter(db);
  const insert = db.prepare(
    "INSERT OR REPLACE INTO dead_letters (seq, workspace, agent, facet, custom, at_ms, call_hash, event_hash, malformed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
  );
  return ({ subject, seq, data }: StreamMessage): undefined => {
    const letter = letterIn(data);
    const [, workspaceId, callId, agentId, eventType, ...rest] = subject.split(".");
    if (letter === undefined || eventType === undefined || rest.length > 0) {
      onUnreadable(seq);
      return;
    }
    const call = callIdOf(callId ?? "") ?? UNKNOWN_TOKEN;
    const at = { workspaceId: workspaceId ?? "", callId: call, agentId: agentId ?? "" };
    const { workspace, agent } = ids.ensured(at.workspaceId, at.agentId);
    const facet = DEAD_LETTER_FACETS.of(eventType, letter.reason);
    const atMs = Date.parse(letter.at);
    const ofCall = callHash(at.workspaceId, at.callId);
    const { event_id: id } = letter;
    const ofEvent = id === undefined ? null : eventHash(at.workspaceId, id);
    const custom = customType(eventType);
    const malformed = isOfMalformedSubject(letter);
    insert.run(seq, workspace, agent, facet, custom, atMs, ofCall, ofEvent, Number(malformed));
    if (letter.reason === "invalid_event") countInvalid(agent, atMs);
    redeliveries.givenUp(workspace, letter, seq);
    const eventSeq = eventSequence(id ?? "", eventsCreatedMs);
    const event = parseEventSubject(subject.replace("dead_letters.", "events."));
    if (eventSeq === undefined || event.kind === "invalid" || malformed) return;
    progress.givenUp(eventSeq, event.address, letter);
  };
};

/** Its event has no row: what it is called here need not be what it was called. */
const isOfMalformedSubject = (letter: DeadLetter): boolean =>
  "subject" in letter &&
  typeof letter.subject === "string" &&
  letter.subject.startsWith("events.") &&
  parseEventSubject(letter.subject).kind === "invalid";

const letterIn = (data: Uint8Array): DeadLetter | undefined => {
  try {
    const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("utf8");
    return deadLetterSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
};
