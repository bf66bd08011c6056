import { Buffer } from "node:buffer";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { eventMessage, MAX_EVENT_BYTES, type EventInput } from "./event.ts";
import { EVENT_TYPES } from "./event-types.ts";
import type { EventAddress } from "../streams/subjects.ts";

const AT: EventAddress = {
  workspaceId: "w1",
  callId: "c1",
  agentId: "a1",
  eventType: "call_completed",
};
const REQUIRED = { event_type: "call_completed", call_id: "c1" };
const TOO_LONG = JSON.stringify({ ...REQUIRED, padding: "x".repeat(MAX_EVENT_BYTES) });

const bytes = (text: string): Uint8Array => Buffer.from(text, "utf8");

const input = (more: Partial<EventInput> = {}): EventInput => ({
  ...AT,
  body: REQUIRED,
  ...more,
});

const idOf = (body: object): string =>
  eventMessage(input({ body: { ...REQUIRED, ...body } })).messageId;

describe("eventMessage", () => {
  test("any object with the required fields passes for every type, and its bytes stay", () => {
    const unknown = fc.dictionary(
      fc.string({ unit: "grapheme" }).map((name) => `x_${name}`),
      fc.jsonValue(),
    );
    const layout = fc.constantFrom(undefined, 1, "\t");
    fc.assert(
      fc.property(fc.constantFrom(...EVENT_TYPES), unknown, layout, (eventType, fields, space) => {
        const text = JSON.stringify(
          { ...fields, event_type: eventType, call_id: "c1" },
          null,
          space,
        );
        for (const body of [text, bytes(text)]) {
          const message = eventMessage({ ...AT, eventType, body });
          expect(Buffer.from(message.body).toString("utf8")).toBe(text);
          expect(message.subject).toBe(`events.w1.c1.a1.${eventType}`);
        }
      }),
    );
  });

  test("numbers, key order and spelling that parsing would lose stay as they are", () => {
    const text =
      ' {"z":9007199254740993, "a":1.10,"call_id":"c1","event_type":"call_completed","ü":"\\u00fc"}\n';
    expect(Buffer.from(eventMessage(input({ body: text })).body).toString()).toBe(text);
  });

  test("fields named like parts of JavaScript's objects pass where they mean nothing to it", () => {
    const names = '"toString":null,"hasOwnProperty":1,"__defineGetter__":"x"';
    const text = `{"call_id":"c1","event_type":"call_completed",${names},"custom_args_values":{${names}}}`;
    expect(Buffer.from(eventMessage(input({ body: text })).body).toString()).toBe(text);
  });

  test("message ids differ wherever events differ, and only there", () => {
    const ids = ["x", "x-", "y"];
    const all = ids.flatMap((workspaceId) =>
      ids.flatMap((agentId) =>
        ids.flatMap((callId) =>
          EVENT_TYPES.flatMap((eventType) =>
            [undefined, 1, 10].map((retryCount): EventInput => {
              const body = { event_type: eventType, call_id: callId };
              const at = { workspaceId, agentId, callId, eventType, body };
              return retryCount === undefined ? at : { ...at, retryCount };
            }),
          ),
        ),
      ),
    );
    const messageIds = all.map((event) => eventMessage(event).messageId);
    expect(new Set(messageIds).size).toBe(all.length);
    expect(all.map((event) => eventMessage(event).messageId)).toEqual(messageIds);
  });

  test("the retry count comes from the body unless it is given", () => {
    const body = { ...REQUIRED, retry_count: 3 };
    expect(eventMessage(input({ body })).messageId).toBe("w1:a1:c1:call_completed:3");
    expect(eventMessage(input({ body, retryCount: 4 })).messageId).toBe(
      "w1:a1:c1:call_completed:4",
    );
  });

  test("without a retry count only the same bytes are a repeat", () => {
    expect(idOf({ status: "retry" })).toMatch(/^w1:a1:c1:call_completed:sha256-[\w-]{22}$/);
    expect(idOf({ status: "retry" })).toBe(idOf({ status: "retry" }));
    expect(idOf({ status: "retry" })).not.toBe(idOf({ status: "completed" }));
    expect(idOf({ retry_count: null })).toContain(":sha256-");
    expect(idOf({ retry_count: 0 })).toBe("w1:a1:c1:call_completed:0");
  });

  test.each<[string, Partial<EventInput>, string]>([
    ["an agent's id with a dot", { agentId: "a.1" }, "'a.1' cannot be part of a subject"],
    ["a call's id with a space", { callId: "c 1" }, "'c 1' is not 1 to 128 characters of visible"],
    ["an event type with capitals", { eventType: "Call" }, "event type 'Call' in subject"],
    ["a body of another call", { callId: "c2" }, "call_id 'c1' in the body disagrees with 'c2'"],
    ["a body that is no object", { body: "[]" }, "body is an array: expected a JSON object"],
    ["no body", { body: undefined }, "body is undefined: expected a JSON object"],
    ["a body over the limit", { body: TOO_LONG }, "over the limit of 1048576"],
    ["a retry count that is no number", { retryCount: Number.NaN }, "retryCount is NaN: expected"],
    ["a negative retry count", { retryCount: -1 }, "retryCount is -1: expected"],
  ])("refuses %s with a TypeError that says so", (_what, more, message) => {
    expect(() => eventMessage(input(more))).toThrow(TypeError);
    expect(() => eventMessage(input(more))).toThrow(message);
  });
});
