import { Buffer } from "node:buffer";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { agentIdInCursor, cursorAfter } from "./list-cursor.ts";

test("a cursor gives back the agent that it was made for", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Za-z0-9_-]{1,128}$/), (agentId) => {
      expect(agentIdInCursor(cursorAfter(agentId))).toBe(agentId);
    }),
  );
});

const encoded = (text: string) => Buffer.from(text).toString("base64url");

test.each([
  ["nothing", ""],
  ["an agent id", "bob"],
  ["something else in base64url", encoded("before:bob")],
  ["what is no id", encoded("after:a.b")],
  ["a further part", encoded("after:bob:x")],
  ["padding", `${cursorAfter("bob")}==`],
  ["characters that base64url has not", `${cursorAfter("bob")}!`],
])("a cursor that is %s is none", (_what, cursor) => {
  expect(agentIdInCursor(cursor)).toBeUndefined();
});

test("any text is a cursor of ours or none, and never an error", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const agentId = agentIdInCursor(text);
      expect(agentId === undefined || cursorAfter(agentId) === text).toBe(true);
    }),
  );
});
