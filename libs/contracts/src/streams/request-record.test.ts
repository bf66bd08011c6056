import { expect, test } from "vitest";
import { markIn, requestRecordSchema } from "./request-record.ts";

const HASH = "a".repeat(64);
const MARK = { key_hash: HASH, request_hash: HASH, before_seq: 0 };
const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

test("a mark is found on a message among whatever else it says", () => {
  expect(markIn(bytes({ type: "agent_registered", idempotency: MARK, agent: null }))).toEqual(MARK);
});

test.each<[unknown]>([
  [{}],
  [null],
  [[]],
  [{ idempotency: null }],
  [{ idempotency: { ...MARK, key_hash: "a" } }],
])("there is none on %j", (message) => {
  expect(markIn(bytes(message))).toBeUndefined();
});

test("there is none on what is no JSON", () => {
  expect(markIn(new Uint8Array([0x7b]))).toBeUndefined();
});

test("a record holds hashes and sequences, and nothing that the request said", () => {
  const decided = {
    kind: "decided",
    request_hash: HASH,
    agent_id: "bob",
    after_seq: 1,
    before_seq: 1,
    seq: 2,
  };
  const parsed = requestRecordSchema.parse({ ...decided, body: "s3cret" });
  expect(parsed).toEqual(decided);
});
