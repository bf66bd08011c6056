import { Buffer } from "node:buffer";
import { DatabaseSync } from "node:sqlite";
import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import { deliveryIdParts } from "@ringback/contracts/deliveries/delivery-id";
import { fanOutSubject } from "@ringback/contracts/deliveries/fan-out";
import { eventId } from "@ringback/contracts/events/event";
import { createdAt } from "@ringback/contracts/streams/stream-origin";
import {
  attemptSubject,
  deadLetterSubject,
  eventSubject,
} from "@ringback/contracts/streams/subjects";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  ADDRESS,
  attemptRecord,
  deadLetter,
  eventFields,
} from "../../../../../test/harness/fixtures/records.ts";
import { endpointId } from "../../../../../test/harness/fixtures/endpoints.ts";
import { idsIn } from "../file/ids.ts";
import { SCHEMA } from "../file/schema.ts";
import type { ProjectedStream } from "../projection.ts";
import { queriesOn } from "../query/queries.ts";
import type { StreamMessage } from "./applier.ts";
import { streamAppliers } from "./appliers.ts";

const CREATED_MS = 1_700_000_000_000;
const NOW_MS = 1_750_000_000_000;

type Stored = Pick<StreamMessage, "subject" | "atMs"> & { readonly body: object };

const DESTINATIONS = [undefined, endpointId(1), endpointId(2)];

const idOf = (seq: number, endpoint: string | undefined, redelivery?: string): string =>
  [String(seq), endpoint, redelivery].filter((part) => part !== undefined).join("-");

const at = (ms: number): string => new Date(NOW_MS + ms).toISOString();

const fieldsOf = (seq: number) =>
  eventFields({ id: eventId(createdAt(CREATED_MS), seq), seq, address: ADDRESS });

const seqs = fc.integer({ min: 1, max: 3 });
const destinations = fc.constantFrom(...DESTINATIONS);
const times = fc.integer({ min: 0, max: 20 });

const steps = fc.constantFrom<Pick<AttemptRecord, "outcome" | "next">>(
  { outcome: { kind: "delivered", status_code: 200 }, next: { kind: "done" } },
  { outcome: { kind: "cancelled" }, next: { kind: "done" } },
  { outcome: { kind: "failed", reason: "timeout" }, next: { kind: "retry", at: at(60_000) } },
  { outcome: { kind: "failed", reason: "timeout" }, next: { kind: "dead_letter" } },
);

const records = fc
  .record({
    seq: seqs,
    to: destinations,
    again: fc.constantFrom(undefined, "r1"),
    ms: times,
    step: steps,
  })
  .map(({ seq, to, again, ms, step }): Stored => {
    const id = idOf(seq, to, again);
    const ids = to === undefined ? {} : { endpoint_id: to, uid: `uid-${to}` };
    const record = attemptRecord({
      ...fieldsOf(seq),
      delivery_id: id,
      ...ids,
      at: at(ms),
      ...step,
    });
    return { subject: attemptSubject(ADDRESS, id), atMs: NOW_MS, body: record };
  });

const fanOuts = fc
  .record({ seq: seqs, all: fc.subarray(DESTINATIONS, { minLength: 1 }) })
  .map(({ seq, all }): Stored => ({
    subject: fanOutSubject(ADDRESS, seq),
    atMs: NOW_MS,
    body: {
      event_id: eventId(createdAt(CREATED_MS), seq),
      event_seq: seq,
      at: at(0),
      deliveries: all.map((to) => ({ delivery_id: idOf(seq, to), endpoint_id: to })),
    },
  }));

const deadLetters = fc
  .record({
    seq: seqs,
    to: destinations,
    ms: times,
    reason: fc.constantFrom("exhausted" as const, "event_expired" as const),
  })
  .map(({ seq, to, ms, reason }): Stored => {
    const ids = to === undefined ? {} : { delivery_id: idOf(seq, to), endpoint_id: to };
    const body = deadLetter({ reason, ...fieldsOf(seq), ...ids, at: at(ms) });
    return { subject: deadLetterSubject(ADDRESS), atMs: NOW_MS, body };
  });

const EVENTS: readonly Stored[] = [1, 2, 3].map((seq) => ({
  subject: eventSubject(ADDRESS),
  atMs: NOW_MS + seq,
  body: {},
}));

const streams = fc.record({
  attempts: fc.array(fc.oneof({ weight: 4, arbitrary: records }, fanOuts), { maxLength: 12 }),
  dead_letters: fc.array(deadLetters, { maxLength: 4 }),
});

type Streams = Readonly<Record<ProjectedStream, readonly Stored[]>>;

/** The index after all messages, those of each stream in its order, and the streams in the order of `turns`. */
const indexOf = (all: Streams, turns: readonly ProjectedStream[]): DatabaseSync => {
  const db = new DatabaseSync(":memory:");
  db.exec(SCHEMA);
  const apply = streamAppliers({ db, ids: idsIn(db), eventsOrigin: createdAt(CREATED_MS) });
  const done = { events: 0, attempts: 0, dead_letters: 0 };
  const next = (stream: ProjectedStream): void => {
    const { subject, atMs, body } = all[stream][done[stream]] ?? {};
    if (subject === undefined || atMs === undefined) return;
    done[stream] += 1;
    const data = Buffer.from(JSON.stringify(body));
    const message = { subject, atMs, data, seq: done[stream], header: () => "" };
    if (apply[stream](message) !== "applied") throw new Error(`${subject} was not applied`);
  };
  for (const stream of turns) next(stream);
  for (const stream of ["events", "attempts", "dead_letters"] as const) {
    while (done[stream] < all[stream].length) next(stream);
  }
  return db;
};

const TABLES = [
  "events ORDER BY seq",
  "deliveries ORDER BY event_seq, endpoint",
  "attempts ORDER BY seq",
  "dead_letters ORDER BY seq",
  "endpoints ORDER BY hash",
  "destinations ORDER BY id",
  "attempt_counts",
  "endpoint_counts",
  "workspace_counts",
  "minute_counts",
  "destination_counts",
  "early_attempts ORDER BY event_seq, at_ms",
  "calls",
  "call_agents",
];

const rowsOf = (db: DatabaseSync) =>
  TABLES.map((table) => db.prepare(`SELECT * FROM ${table}`).all());

const turnsOf = fc.array(fc.constantFrom<ProjectedStream>("events", "attempts", "dead_letters"), {
  maxLength: 24,
});

test("whatever the order in which the streams are read, the rows are the same", () => {
  fc.assert(
    fc.property(streams, turnsOf, (stored, turns) => {
      const all = { events: EVENTS, ...stored };
      expect(rowsOf(indexOf(all, turns))).toEqual(rowsOf(indexOf(all, [])));
    }),
    { numRuns: 30 },
  );
});

test("each delivery is listed once, and an event with each status of its deliveries", async () => {
  await fc.assert(
    fc.asyncProperty(streams, turnsOf, async (stored, turns) => {
      const db = indexOf({ events: EVENTS, ...stored }, turns);
      const queries = queriesOn(db, idsIn(db));
      const { rows } = await queries.deliveries({ workspaceId: "w1", limit: 100 });
      const listed = rows.map(({ event, endpointId: to }) => idOf(event.seq, to));
      expect(new Set(listed).size).toBe(listed.length);
      for (const { deliveryId, event, endpointId: to } of rows) {
        expect(deliveryIdParts(deliveryId)).toMatchObject({ eventSeq: event.seq, endpointId: to });
      }
      for (const status of ["delivered", "retrying", "dead_lettered"] as const) {
        const query = { workspaceId: "w1", statuses: [status], limit: 100 };
        const events = (await queries.events(query)).rows.map(({ seq }) => seq);
        const having = rows.filter((row) => row.status === status).map((row) => row.event.seq);
        expect(events).toEqual([...new Set(having)].toSorted((a, b) => b - a));
      }
    }),
    { numRuns: 20 },
  );
});
