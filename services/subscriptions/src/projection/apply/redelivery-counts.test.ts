import { DatabaseSync } from "node:sqlite";
import { attemptRecordSchema, type NextStep } from "@ringback/contracts/deliveries/attempt";
import { deadLetterSchema } from "@ringback/contracts/deliveries/dead-letter";
import { beforeEach, expect, test } from "vitest";
import { redeliveryCounter, redeliveryDropper, redeliveryReader } from "./redelivery-counts.ts";
import { SCHEMA } from "../file/schema.ts";

const AT = "2026-01-01T00:00:00.000Z";

const ids = {
  event_id: "evt_1_1",
  event_seq: 1,
  event_type: "call_completed",
  call_id: "c1",
  agent_id: "a1",
  workspace_id: "w1",
  redelivery_id: "job",
  at: AT,
};

const recordOf = (next: NextStep) =>
  attemptRecordSchema.parse({
    ...ids,
    attempt: 1,
    trigger: "redelivery",
    duration_ms: 1,
    outcome: { kind: "failed", reason: "timeout" },
    next,
  });

const letterOf = (reason: string, fields: object = {}) =>
  deadLetterSchema.parse({ ...ids, reason, message: "", ...fields });

let db: DatabaseSync;
beforeEach(() => {
  db = new DatabaseSync(":memory:");
  db.exec(SCHEMA);
});

const progress = () => redeliveryReader(db)(1, "job");

test("a delivery that is given up counts as failed once, whether its record or only its letter says so", () => {
  const { recorded, deadLettered } = redeliveryCounter(db);
  const last = recordOf({ kind: "dead_letter" });
  recorded(1, last, 1);
  deadLettered(1, letterOf("exhausted", { last_attempt: last }), 1);
  expect(progress()).toMatchObject({ attempted: 1, failed: 1 });
  const waiting = recordOf({ kind: "retry", at: AT });
  recorded(1, waiting, 2);
  expect(progress()).toMatchObject({ attempted: 2, failed: 1 });
  deadLettered(1, letterOf("event_expired", { last_attempt: waiting }), 2);
  deadLettered(1, letterOf("internal"), 3);
  expect(progress()).toMatchObject({ attempted: 2, failed: 3 });
});

test("a letter that names no job counts for none", () => {
  redeliveryCounter(db).deadLettered(1, letterOf("event_expired", { redelivery_id: undefined }), 1);
  expect(db.prepare("SELECT * FROM redeliveries").all()).toEqual([]);
});

test("the counts of a job are kept while either stream has something of it", () => {
  const { recorded, deadLettered } = redeliveryCounter(db);
  const drop = redeliveryDropper(db);
  deadLettered(1, letterOf("event_expired"), 5);
  drop({ attempts: 100, dead_letters: 5 });
  expect(progress()).toMatchObject({ failed: 1 });
  recorded(1, recordOf({ kind: "dead_letter" }), 100);
  drop({ attempts: 100, dead_letters: 6 });
  expect(progress()).toMatchObject({ failed: 2 });
  drop({ attempts: 101, dead_letters: 6 });
  expect(progress()).toMatchObject({ failed: 0 });
});
