import { Buffer } from "node:buffer";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { jobCursor } from "../redelivery/routes/schemas.ts";
import { agentCursor, rowCursor, seqCursor } from "./pagination.ts";

const encoded = (text: string) => Buffer.from(text).toString("base64url");
const id = fc.stringMatching(/^[A-Za-z0-9_-]{1,128}$/);
const row = fc.record({ atMs: fc.nat(2 ** 50), seq: fc.nat(2 ** 50) });
const instant = fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true });
const job = fc.record({
  created_at: instant.map((date) => date.toISOString()),
  redelivery_id: id,
});

test.each([
  ["agents", agentCursor, id],
  ["a stream", seqCursor, fc.integer({ min: 1, max: 2 ** 50 })],
  ["events", rowCursor("events"), row],
  ["redelivery jobs", jobCursor, job],
] as const)(
  "a cursor of %s gives back its position, and other texts are none",
  (_what, cursor, any) => {
    const { encode, decode } = cursor as {
      encode: (p: unknown) => string;
      decode: (t: string) => unknown;
    };
    fc.assert(
      fc.property(any as fc.Arbitrary<unknown>, (position) => {
        expect(decode(encode(position))).toEqual(position);
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        const position = decode(text);
        expect(position === undefined || encode(position) === text).toBe(true);
      }),
    );
  },
);

test("the cursors that clients have kept stay readable", () => {
  expect(agentCursor.encode("bob")).toBe(encoded("after:bob"));
  expect(seqCursor.encode(7)).toBe(encoded("before:7"));
  expect(rowCursor("events").encode({ atMs: 1, seq: 2 })).toBe(encoded("events:1:2"));
  const created_at = "2026-01-31T12:00:00.000Z";
  expect(jobCursor.encode({ created_at, redelivery_id: "r1" })).toBe(encoded(`${created_at} r1`));
});

test("a cursor of one list is none of another", () => {
  const cursor = rowCursor("events").encode({ atMs: 1, seq: 1 });
  expect(rowCursor("attempts").decode(cursor)).toBeUndefined();
  expect(seqCursor.decode(cursor)).toBeUndefined();
});

test.each([
  ["nothing", ""],
  ["an agent id", "bob"],
  ["something else in base64url", encoded("before:bob")],
  ["what is no id", encoded("after:a.b")],
  ["a further part", encoded("after:bob:x")],
  ["padding", `${agentCursor.encode("bob")}==`],
  ["characters that base64url has not", `${agentCursor.encode("bob")}!`],
])("a cursor of agents that is %s is none", (_what, cursor) => {
  expect(agentCursor.decode(cursor)).toBeUndefined();
});

test.each([
  ["nothing", ""],
  ["some word", "abc"],
  ["a cursor of agents", encoded("after:a1")],
  ["no number", encoded("events:1:x")],
  ["a number in another spelling", encoded("events:1:01")],
  ["too much", encoded("events:1:1:1")],
  ["padding", `${rowCursor("events").encode({ atMs: 1, seq: 1 })}=`],
])("%s is no cursor of events", (_what, text) => {
  expect(rowCursor("events").decode(text)).toBeUndefined();
});
