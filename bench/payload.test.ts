import { Buffer } from "node:buffer";
import { readEvent } from "@ringback/contracts/events/event";
import { eventSubject } from "@ringback/contracts/streams/subjects";
import { expect, test } from "vitest";
import {
  addressOf,
  agentInPath,
  agentOf,
  bodyOf,
  bodyTail,
  callbackUrl,
  type Crowd,
  MARK_CHARACTERS,
  markIn,
} from "./payload.ts";

test.each([1_024, 32 * 1_024])("an event of %d bytes is about that large, and valid", (bytes) => {
  const body = bodyOf({ n: 42, sentUs: 123_456_789_012 }, bodyTail(bytes));
  expect(Math.abs(body.length - bytes)).toBeLessThan(120);
  expect(readEvent(eventSubject(addressOf(7, 42)), Buffer.from(body)).kind).toBe("event");
});

test("a body's mark is found at its beginning, and nowhere in another text", () => {
  const mark = { n: 999_999, sentUs: 9_007_199_254_740 };
  expect(markIn(bodyOf(mark, bodyTail(1_024)).slice(0, MARK_CHARACTERS))).toEqual(mark);
  expect(markIn('{"event_type":"call_completed"}')).toBeUndefined();
});

const agents = (crowd: Crowd): number[] => [0, 1, 2, 3].map((n) => agentOf(n, crowd));

test("events go to the agents of a crowd in turn", () => {
  expect(agents({ first: 5, count: 3 })).toEqual([5, 6, 7, 5]);
  expect(agents({ first: 0, count: 2, step: 100 })).toEqual([0, 100, 0, 100]);
});

test("a request's path tells the agent that it belongs to", () => {
  expect(agentInPath(new URL(callbackUrl("http://127.1.0.1:80", 321)).pathname)).toBe(321);
});
