import { Buffer } from "node:buffer";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { eventMessage } from "@ringback/contracts/events/event";
import {
  EVENT_TYPES,
  eventSchema,
  type BuiltInEventType,
} from "@ringback/contracts/events/event-types";

const FOLDER = new URL("../../libs/contracts/examples/", import.meta.url);

const read = (type: BuiltInEventType): { text: string; body: Record<string, unknown> } => {
  const text = readFileSync(new URL(`${type}.json`, FOLDER), "utf8");
  return { text, body: JSON.parse(text) as Record<string, unknown> };
};

test("there is one sample of every event type, and nothing else", () => {
  const names = readdirSync(FOLDER).toSorted();
  expect(names).toEqual(EVENT_TYPES.map((type) => `${type}.json`).toSorted());
});

describe.each(EVENT_TYPES)("the sample of %s", (type) => {
  test("is an event, published byte for byte", () => {
    const { text, body } = read(type);
    const message = eventMessage({
      workspaceId: body["workspace_id"] as string,
      callId: body["call_id"] as string,
      agentId: body["agent_id"] as string,
      eventType: type,
      body: text,
    });
    expect(Buffer.from(message.body).toString("utf8")).toBe(text);
  });

  test("shows every field that is known of its type", () => {
    const { body } = read(type);
    const missing = Object.keys(eventSchema(type).shape).filter(
      (name) => (body[name] ?? null) === null,
    );
    expect(missing).toEqual([]);
  });
});

test("the sample call is full-size: at least 20 turns, two languages, custom arguments", () => {
  const { body } = read("call_completed");
  const transcript = body["transcript"] as readonly Record<string, unknown>[];
  expect(transcript.length).toBeGreaterThanOrEqual(20);
  const said = transcript.map((turn) => Object.values(turn).join(" ")).join("\n");
  expect(said).toMatch(/\b(the|you|and)\b/);
  expect(said).toMatch(/\p{Script=Devanagari}{3}/u);
  expect(Object.keys(body["custom_args_values"] as object).length).toBeGreaterThanOrEqual(2);
});

test("the sample analysis has nested results", () => {
  const data = read("client_analysis_completed").body["analysis_data"] as Record<string, unknown>;
  const depthOf = (value: unknown): number =>
    typeof value === "object" && value !== null
      ? 1 + Math.max(0, ...Object.values(value).map(depthOf))
      : 0;
  expect(depthOf(data)).toBeGreaterThanOrEqual(2);
});
