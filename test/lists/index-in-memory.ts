import { Buffer } from "node:buffer";
import { DatabaseSync } from "node:sqlite";
import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import { fanOutSubject } from "@ringback/contracts/deliveries/fan-out";
import { eventId } from "@ringback/contracts/events/event";
import { createdAt } from "@ringback/contracts/streams/stream-origin";
import {
  attemptSubject,
  deadLetterSubject,
  eventSubject,
  type EventAddress,
} from "@ringback/contracts/streams/subjects";
import { streamAppliers } from "../../services/subscriptions/src/projection/apply/appliers.ts";
import { dropExpired } from "../../services/subscriptions/src/projection/apply/drop-expired.ts";
import { idsIn } from "../../services/subscriptions/src/projection/file/ids.ts";
import { SCHEMA } from "../../services/subscriptions/src/projection/file/schema.ts";
import { queriesOn } from "../../services/subscriptions/src/projection/query/queries.ts";
import { attemptRecord, eventFields } from "../harness/fixtures/records.ts";

const CREATED_MS = 1_700_000_000_000;

export type IndexedEvent = EventAddress & { readonly seq: number; readonly atMs: number };

export type Attempted = Partial<Pick<AttemptRecord, "outcome" | "next" | "trigger" | "attempt">> & {
  readonly atMs: number;
  /** Undefined: the agent's subscription. */
  readonly endpointId?: string | undefined;
  /** The token of a redelivery. */
  readonly again?: string | undefined;
};

const message = (subject: string, seq: number, atMs: number, body: object) => ({
  subject,
  seq,
  atMs,
  data: Buffer.from(JSON.stringify(body)),
  header: () => "",
});

const done = (result: string): void => {
  if (result !== "applied") throw new Error("not applied");
};

/** An index in memory that is filled as followers of the streams would. */
export const indexInMemory = () => {
  const db = new DatabaseSync(":memory:");
  db.exec(SCHEMA);
  const ids = idsIn(db);
  const apply = streamAppliers({ db, ids, eventsOrigin: createdAt(CREATED_MS) });
  const next = { attempts: 0, dead_letters: 0 };
  const record = ({ seq, atMs: _stored, ...address }: IndexedEvent, made: Attempted) => {
    const { atMs, endpointId, again, ...rest } = made;
    const id = [seq, endpointId, again].filter((part) => part !== undefined).join("-");
    const fields = eventFields({ id: eventId(createdAt(CREATED_MS), seq), seq, address });
    const to =
      endpointId === undefined ? {} : { endpoint_id: endpointId, uid: `uid-${endpointId}` };
    const body = attemptRecord({
      ...fields,
      ...to,
      delivery_id: id,
      at: new Date(atMs).toISOString(),
      ...rest,
    });
    return { subject: attemptSubject(address, id), body };
  };
  return {
    db,
    queries: queriesOn(db, ids),
    event: (event: IndexedEvent) =>
      done(apply.events(message(eventSubject(event), event.seq, event.atMs, {}))),
    attempt: (event: IndexedEvent, made: Attempted) => {
      const { subject, body } = record(event, made);
      done(apply.attempts(message(subject, (next.attempts += 1), made.atMs, body)));
    },
    fanOut: (event: IndexedEvent, endpointIds: readonly (string | undefined)[]) => {
      const { seq } = event;
      const deliveries = endpointIds.map((id) => ({
        delivery_id: id === undefined ? String(seq) : `${seq}-${id}`,
        ...(id === undefined ? {} : { endpoint_id: id }),
      }));
      const at = new Date(event.atMs).toISOString();
      const body = {
        event_id: eventId(createdAt(CREATED_MS), seq),
        event_seq: seq,
        at,
        deliveries,
      };
      done(
        apply.attempts(message(fanOutSubject(event, seq), (next.attempts += 1), event.atMs, body)),
      );
    },
    deadLetter: (event: IndexedEvent, atMs: number, reason: string, endpointId?: string) => {
      const { seq, ...address } = event;
      const fields = eventFields({ id: eventId(createdAt(CREATED_MS), seq), seq, address });
      const to =
        endpointId === undefined
          ? {}
          : { endpoint_id: endpointId, delivery_id: `${seq}-${endpointId}` };
      const body = { ...fields, ...to, reason, at: new Date(atMs).toISOString(), message: "" };
      done(
        apply.dead_letters(message(deadLetterSubject(event), (next.dead_letters += 1), atMs, body)),
      );
    },
    /** Drops the rows of events before this sequence, as EVENTS has. */
    dropEvents: (firstSeq: number) => dropper(db).rows("events", firstSeq),
    dropCounts: (beforeMs: number, recentMs: number) => dropper(db).counts(beforeMs, recentMs),
  };
};

const serially = async <T>(work: () => T): Promise<T> => work();

const dropper = (db: DatabaseSync) => {
  return dropExpired(db, { serially, transaction: (work) => work() }, new AbortController().signal);
};
