import { expect, test } from "vitest";
import { filterTestOf, matchOf, TYPED_EVENT, unlessNoJson } from "./tried-event.ts";

const stored = {
  kind: "stored",
  event: { event_id: "evt_1", event_type: "call_completed", agent_id: "a1", call_id: "c1" },
} as const;

test("a stored event is named, a typed one is sent, with every digit of its numbers", () => {
  expect(filterTestOf('{"data":{"a":1}}', stored)).toEqual({
    filter: { data: { a: 1 } },
    event_id: "evt_1",
  });
  const typed = { ...TYPED_EVENT, agentId: "a1", payload: '{"loan":9007199254740993}' } as const;
  expect(JSON.stringify(filterTestOf('{"data":{"loan":9007199254740993}}', typed))).toBe(
    '{"filter":{"data":{"loan":9007199254740993}},"data":{"loan":9007199254740993},"event_type":"call_completed","agent_id":"a1"}',
  );
});

test("who gets an event is asked with its payload where that is known, and is an object", () => {
  expect(matchOf(stored, undefined)).toEqual({ event_type: "call_completed", agent_id: "a1" });
  expect(matchOf(stored, "[1]")).toEqual({ event_type: "call_completed", agent_id: "a1" });
  expect(matchOf(stored, '{"status":"ok"}')).toEqual({
    event_type: "call_completed",
    agent_id: "a1",
    data: { status: "ok" },
  });
});

test("what is no JSON is a SyntaxError", () => {
  expect(() => filterTestOf("{", stored)).toThrow(SyntaxError);
  expect(() => filterTestOf("{}", { ...TYPED_EVENT, payload: "x" } as typeof TYPED_EVENT)).toThrow(
    SyntaxError,
  );
  expect(unlessNoJson(() => filterTestOf("{", stored))).toBeUndefined();
});
