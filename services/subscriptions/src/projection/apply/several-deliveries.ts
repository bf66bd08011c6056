import type { DatabaseSync } from "node:sqlite";
import type { DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import type { EventType } from "@ringback/contracts/events/event-types";
import { DELIVERY_FACETS, EVENT_FACETS, SEVERAL } from "../file/facets.ts";
import {
  afterDeadLetter,
  afterRecord,
  isRecorded,
  NO_FACTS,
  type DeliveryFacts,
} from "./delivery-facts.ts";
import {
  factsIn,
  PROGRESS_COLUMNS,
  progressWriter,
  statusCodeOf,
  type Recorded,
} from "./progress-columns.ts";

/** An event and one of its destinations, an endpoint by its hash or 0. */
type At = {
  readonly eventSeq: number;
  readonly eventType: EventType;
  readonly endpoint: number;
};

/** Keeps the rows of events that go elsewhere than to their agent's subscription alone: one for each destination. */
export const severalDeliveries = (db: DatabaseSync) => {
  const rows = deliveryRows(db);
  const write = progressWriter(db, "deliveries");
  const total = db.prepare(`
    UPDATE events SET attempts = attempts + 1, last_attempt_ms = max(ifnull(last_attempt_ms, 0), ?),
      last_status_code = ?, destination = ifnull(?, destination) WHERE seq = ?`);
  return {
    split: rows.split,
    planned: rows.ensured,
    recorded: (at: At, what: Recorded): void => {
      const facts = afterRecord(rows.ensured(at), what.record);
      const facet = DELIVERY_FACETS.of(at.eventType, facts.status);
      write.recorded([at.eventSeq, at.endpoint], facet, facts, what);
      const { record, destination } = what;
      total.run(Date.parse(record.at), statusCodeOf(record), destination, at.eventSeq);
    },
    deadLettered: (at: At, deadLetter: Pick<DeadLetter, "reason" | "at">): void => {
      const facts = afterDeadLetter(rows.ensured(at), deadLetter);
      const facet = DELIVERY_FACETS.of(at.eventType, facts.status);
      write.deadLettered([at.eventSeq, at.endpoint], facet, facts);
    },
  };
};

const deliveryRows = (db: DatabaseSync) => {
  const find = db.prepare(
    "SELECT facet, attempts, last_ended_ms, dead_letter_ms FROM deliveries WHERE event_seq = ? AND endpoint = ?",
  );
  const head = "workspace, agent, ?, custom, at_ms, call_hash";
  const add = db.prepare(`
    INSERT INTO deliveries (event_seq, endpoint, workspace, agent, facet, custom, at_ms, call_hash, attempts)
    SELECT seq, ?, ${head}, 0 FROM events WHERE seq = ?`);
  const move = db.prepare(`
    INSERT INTO deliveries (event_seq, endpoint, workspace, agent, facet, custom, at_ms, call_hash, ${PROGRESS_COLUMNS})
    SELECT seq, 0, ${head}, ${PROGRESS_COLUMNS} FROM events WHERE seq = ?`);
  const split = db.prepare(`
    UPDATE events SET facet = ?, last_ended_ms = NULL, next_attempt_ms = NULL, dead_letter_ms = NULL,
      redelivery = NULL, check_ms = NULL WHERE seq = ?`);
  return {
    /** What is known so far is about the agent's subscription, if it is about a delivery at all. */
    split: (eventSeq: number, eventType: EventType, facts: DeliveryFacts): void => {
      if (isRecorded(facts)) move.run(DELIVERY_FACETS.of(eventType, facts.status), eventSeq);
      split.run(EVENT_FACETS.of(eventType, SEVERAL), eventSeq);
    },
    ensured: ({ eventSeq, eventType, endpoint }: At): DeliveryFacts => {
      const row = find.get(eventSeq, endpoint);
      if (row !== undefined) {
        return { status: DELIVERY_FACETS.stateOf(Number(row["facet"])), ...factsIn(row) };
      }
      add.run(endpoint, DELIVERY_FACETS.of(eventType, "pending"), eventSeq);
      return NO_FACTS;
    },
  };
};
