import type { DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import { decodeDeadLetter } from "@ringback/contracts/deliveries/decode";
import { endpointIdIn } from "@ringback/contracts/deliveries/delivery-id";
import { callIdOf } from "@ringback/contracts/events/call-id";
import { eventSequence } from "@ringback/contracts/events/event";
import { parseEventSubject, UNKNOWN_TOKEN } from "@ringback/contracts/streams/subjects";
import { customType, DEAD_LETTER_FACETS } from "../file/facets.ts";
import { callHash, eventHash } from "../file/ids.ts";
import type { Applier, RecordDeps } from "./applier.ts";

/** Keeps a dead letter and its effect on its event; parts of its subject may be unknown (`_`). */
export const deadLetterApplier = (deps: RecordDeps): Applier => {
  const { db, ids, progress, redeliveries, endpoint: keep, eventsOrigin } = deps;
  const insert = db.prepare(
    "INSERT OR REPLACE INTO dead_letters (seq, workspace, agent, facet, custom, at_ms, call_hash, event_hash, malformed, endpoint) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
  );
  return ({ subject, seq, data }) => {
    const deadLetter = decodeDeadLetter(data).value;
    const [, workspaceId = "", callId = "", agentId = "", eventType, ...rest] = subject.split(".");
    if (deadLetter === undefined || eventType === undefined || rest.length > 0) return "unreadable";
    const { event_id: id, reason } = deadLetter;
    const { workspace, agent } = ids.ensured(workspaceId, agentId);
    const facet = DEAD_LETTER_FACETS.of(eventType, reason);
    const atMs = Date.parse(deadLetter.at);
    const ofCall = callHash(workspaceId, callIdOf(callId) ?? UNKNOWN_TOKEN);
    const ofEvent = id === undefined ? null : eventHash(workspaceId, id);
    const custom = customType(eventType);
    const malformed = hasMalformedSubject(deadLetter);
    const named = endpointNamedIn(deadLetter);
    const endpoint = named === undefined ? null : keep({ workspaceId, workspace, ...named });
    const row = [workspace, agent, facet, custom, atMs, ofCall, ofEvent] as const;
    insert.run(seq, ...row, Number(malformed), endpoint);
    deps.count(agent, atMs, `dead_letter_${reason}`, 0);
    deps.countMinute(workspace, atMs, `dead_letter_${reason}`);
    redeliveries.deadLettered(workspace, deadLetter, seq);
    const eventSeq = eventSequence(id ?? "", eventsOrigin);
    const event = parseEventSubject(subject.replace("dead_letters.", "events."));
    if (eventSeq !== undefined && event.kind === "event" && !malformed) {
      progress.deadLettered({ eventSeq, address: event.address }, deadLetter);
    }
    return "applied";
  };
};

const endpointNamedIn = (deadLetter: DeadLetter) => {
  const endpointId = endpointIdIn(deadLetter);
  const uid: unknown = deadLetter["uid"];
  return endpointId === undefined
    ? undefined
    : { endpointId, uid: typeof uid === "string" ? uid : undefined };
};

/** Its event has no row: the names in the dead letter's subject need not be the event's. */
const hasMalformedSubject = (deadLetter: DeadLetter): boolean =>
  "subject" in deadLetter &&
  typeof deadLetter.subject === "string" &&
  deadLetter.subject.startsWith("events.") &&
  parseEventSubject(deadLetter.subject).kind === "invalid";
