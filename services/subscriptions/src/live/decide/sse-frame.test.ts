import { expect, test } from "vitest";
import { sseFrame } from "./sse-frame.ts";

test("an event is a field on each line, and an empty line ends it", () => {
  const frame = sseFrame({ retryMs: 2_000, id: "a-b.1.2", event: "attempt", data: { a: "x\ny" } });
  expect(frame).toBe('retry: 2000\nid: a-b.1.2\nevent: attempt\ndata: {"a":"x\\ny"}\n\n');
});

test("whatever a text holds, its event has one line of data", () => {
  const text = "\n\r\n\r\u2028\u2029\0data: x\n\n";
  const lines = sseFrame({ event: "x", data: text }).split(/\r\n|\r|\n/);
  expect(lines).toEqual(["event: x", `data: ${JSON.stringify(text)}`, "", ""]);
});
