import { expect, test } from "vitest";
import { completedEvent } from "./complete-event.ts";

const WHOLE = '{ "event_type":"t", "call_id": "c", "agent_id":"a" }';

test("a whole event stays as it is written", () => {
  expect(completedEvent(WHOLE, {})).toEqual({ kind: "event", text: WHOLE });
  expect(completedEvent(WHOLE, { agent_id: "a" })).toEqual({ kind: "event", text: WHOLE });
});

test("what it lacks is put in front, and its numbers stay", () => {
  expect(completedEvent('{"n":1e400, "call_id":"c"}', { event_type: "t", agent_id: 'a"' })).toEqual(
    { kind: "event", text: '{"event_type":"t","agent_id":"a\\"","n":1e400, "call_id":"c"}' },
  );
  const about = { event_type: "t", call_id: "c", agent_id: "a" };
  expect(completedEvent("{ }", about)).toEqual({
    kind: "event",
    text: '{"event_type":"t","call_id":"c","agent_id":"a" }',
  });
});

test.each([
  ["[]", {}, "is no JSON object"],
  ["null", {}, "is no JSON object"],
  ['{"event_type":"t"}', {}, "has no call_id: add it, or give --call"],
  [WHOLE, { agent_id: "b" }, 'says agent_id "a", and --agent says "b"'],
  ['{"event_type":null}', { event_type: "t" }, 'says event_type null, and --type says "t"'],
])("%s with %o is refused", (text, about, message) => {
  expect(completedEvent(text, about)).toEqual({ kind: "incomplete", message });
});
