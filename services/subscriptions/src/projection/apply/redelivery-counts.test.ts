import { DatabaseSync } from "node:sqlite";
import type { NextStep } from "@ringback/contracts/deliveries/attempt";
import { deadLetterSchema } from "@ringback/contracts/deliveries/dead-letter";
import { beforeEach, expect, test } from "vitest";
import { attemptRecord, deadLetter } from "../../../../../test/harness/fixtures/records.ts";
import { redeliveryCounter, redeliveryDropper, redeliveryReader } from "./redelivery-counts.ts";
import { SCHEMA } from "../file/schema.ts";

const AT = "2026-01-01T00:00:00.000Z";

const JOB = { redelivery_id: "job" };

const recordOf = (next: NextStep) =>
  attemptRecord({
    ...JOB,
    trigger: "redelivery",
    outcome: { kind: "failed", reason: "timeout" },
    next,
  });

const deadLetterOf = (reason: string, fields: object = {}) =>
  deadLetterSchema.parse({ ...deadLetter(), ...JOB, reason, ...fields });

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
  deadLettered(1, deadLetterOf("exhausted", { last_attempt: last }), 1);
  expect(progress()).toMatchObject({ attempted: 1, failed: 1 });
  const waiting = recordOf({ kind: "retry", at: AT });
  recorded(1, waiting, 2);
  expect(progress()).toMatchObject({ attempted: 2, failed: 1 });
  deadLettered(1, deadLetterOf("event_expired", { last_attempt: waiting }), 2);
  deadLettered(1, deadLetterOf("internal"), 3);
  expect(progress()).toMatchObject({ attempted: 2, failed: 3 });
});

test("a letter that names no job counts for none", () => {
  redeliveryCounter(db).deadLettered(
    1,
    deadLetterOf("event_expired", { redelivery_id: undefined }),
    1,
  );
  expect(db.prepare("SELECT * FROM redeliveries").all()).toEqual([]);
});

test("the counts of a job are kept while either stream has something of it", () => {
  const { recorded, deadLettered } = redeliveryCounter(db);
  const drop = redeliveryDropper(db);
  deadLettered(1, deadLetterOf("event_expired"), 5);
  drop({ attempts: 100, dead_letters: 5 });
  expect(progress()).toMatchObject({ failed: 1 });
  recorded(1, recordOf({ kind: "dead_letter" }), 100);
  drop({ attempts: 100, dead_letters: 6 });
  expect(progress()).toMatchObject({ failed: 2 });
  drop({ attempts: 101, dead_letters: 6 });
  expect(progress()).toMatchObject({ failed: 0 });
});
