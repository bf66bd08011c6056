import type { RequestRecord } from "@ringback/contracts/streams/request-record";
import { expect, test } from "vitest";
import { CLAIM_MS, decideClaim } from "./claim.ts";

const MINE = "a".repeat(64);
const ANOTHER = "b".repeat(64);
const requestOf = (requestHash: string) => ({ requestHash });
const AT = "2026-01-01T00:00:00.000Z";
const AT_MS = Date.parse(AT);
const request = { request_hash: MINE, agent_id: "bob", after_seq: 1 };
const claimed: RequestRecord = { kind: "claimed", ...request, at: AT };
const released: RequestRecord = { kind: "released", ...request };
const decided: RequestRecord = { kind: "decided", ...request, before_seq: 1, seq: 2 };

test("a key that nobody used is free", () => {
  expect(decideClaim(undefined, requestOf(MINE), AT_MS)).toEqual({ kind: "carry_out" });
});

test("a key that stands for another request is not, however far that one has come", () => {
  for (const record of [claimed, released, decided]) {
    expect(decideClaim(record, requestOf(ANOTHER), AT_MS + 2 * CLAIM_MS)).toEqual({
      kind: "reused",
    });
  }
});

test("what was decided is answered again", () => {
  expect(decideClaim(decided, requestOf(MINE), AT_MS)).toEqual({ kind: "replay", record: decided });
});

test("what is under way is left alone until its time is over", () => {
  for (const ms of [0, CLAIM_MS - 1]) {
    expect(decideClaim(claimed, requestOf(MINE), AT_MS + ms)).toEqual({ kind: "in_progress" });
  }
  const takenOver = { kind: "carry_out", earlier: claimed };
  expect(decideClaim(claimed, requestOf(MINE), AT_MS + CLAIM_MS)).toEqual(takenOver);
});

test("what was released is taken over at once", () => {
  expect(decideClaim(released, requestOf(MINE), AT_MS)).toEqual({
    kind: "carry_out",
    earlier: released,
  });
});

test("what an earlier release noted for the same request, defaults and all, is the same request", () => {
  const hashes = { requestHash: ANOTHER, previousRequestHash: MINE };
  expect(decideClaim(decided, hashes, AT_MS)).toEqual({ kind: "replay", record: decided });
});
