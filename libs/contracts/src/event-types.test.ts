import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EVENT_SCHEMAS, EVENT_TYPES, isEventType, type EventType } from "./event-types.ts";

type Field = {
  readonly name: string;
  readonly right: readonly unknown[];
  readonly wrong: readonly unknown[];
};

const texts = (name: string): Field => ({
  name,
  right: ["", "text", "ü"],
  wrong: [1, true, {}, [], ["text"]],
});
const seconds = (name: string): Field => ({
  name,
  right: [0, 1, 61.5],
  wrong: [-1, "60", true, {}, Number.NaN, Number.POSITIVE_INFINITY],
});
const choice = (name: string, ...right: string[]): Field => ({
  name,
  right,
  wrong: ["", right[0]?.toUpperCase(), "other", 1, [right[0]]],
});
const ids = (name: string): Field => ({
  name,
  right: ["a", "A-z_9", "x".repeat(128)],
  wrong: ["", "a.b", "*", "a b", "ü", "x".repeat(129), 1, {}],
});

/** The optional fields of every type. */
const COMMON: readonly Field[] = [ids("agent_id"), ids("workspace_id")];

/** The optional fields of every type of calls, as the table of events has them. */
const OF_CALLS: readonly Field[] = [
  texts("call_sid"),
  {
    name: "custom_args_values",
    right: [{}, { a: 1, b: null, c: { d: [] } }],
    wrong: [[], "a=1", 1, true],
  },
];

const FIELDS: Readonly<Record<EventType, readonly Field[]>> = {
  call_completed: [
    seconds("call_duration"),
    choice("call_type", "outbound", "inbound", "webcall"),
    choice("status", "completed", "failed", "retry"),
    texts("to_number"),
    texts("from_number"),
    {
      name: "transcript",
      right: [
        [],
        [{ bot: "Hello" }, { user: "Hallo", at: 1.5 }, { role: "agent", content: "" }],
        [{ bot: "both", user: "at once" }],
      ],
      wrong: [{}, "Hello", ["Hello"], [{}], [{ bot: 1 }], [{ role: "agent" }], [null], [[]]],
    },
    { name: "retry_count", right: [0, 1, 100], wrong: [-1, 1.5, "1", true, {}] },
  ],
  recording_completed: [texts("recording_url"), seconds("recording_duration")],
  platform_analysis_completed: [
    {
      name: "analysis_data",
      right: [
        {},
        { key_points: [], summary: "", classification: "lead", mood: { score: 1 } },
        { key_points: ["a", { text: "b" }], summary: null, classification: null },
      ],
      wrong: [[], "summary", 1, { key_points: "a" }, { key_points: {} }, { summary: ["a"] }],
    },
  ],
  client_analysis_completed: [
    { name: "analysis_data", right: [{}, [], "text", 1, false, { a: [1] }], wrong: [] },
  ],
  delivery_exhausted: [
    {
      name: "delivery",
      right: [{}, { event_id: "evt_1_1", attempts: 4, reason: "status", status_code: 500, x: 1 }],
      wrong: [[], "evt_1_1", 1, { attempts: 0 }, { agent_id: "a.b" }, { status_code: "500" }],
    },
  ],
};

const required = (type: EventType) => ({ event_type: type, call_id: "c1" });
const accepts = (type: EventType, fields: object): boolean =>
  EVENT_SCHEMAS[type].safeParse({ ...required(type), ...fields }).success;

test("the catalogue has the four event types of calls and the workspace's one, in their order", () => {
  expect(EVENT_TYPES).toEqual([
    "call_completed",
    "recording_completed",
    "platform_analysis_completed",
    "client_analysis_completed",
    "delivery_exhausted",
  ]);
});

test("only what is in the catalogue is an event type", () => {
  expect(EVENT_TYPES.every(isEventType)).toBe(true);
  for (const text of ["", "toString", "__proto__", "constructor", "CALL_COMPLETED", "call"]) {
    expect(isEventType(text)).toBe(false);
  }
});

describe.each(EVENT_TYPES)("%s", (type) => {
  const ofCalls = type === "delivery_exhausted" ? [] : OF_CALLS;
  const fields = [...COMMON, ...ofCalls, ...FIELDS[type]];

  test("knows exactly the fields that are promised", () => {
    const known = Object.keys(EVENT_SCHEMAS[type].shape).toSorted();
    const promised = ["event_type", "call_id", ...fields.map(({ name }) => name)];
    expect(known).toEqual(promised.toSorted());
  });

  test("needs its own name and a call's id, and nothing else", () => {
    expect(accepts(type, {})).toBe(true);
    const wrong = ["event_type", "call_id"].flatMap((name) =>
      [undefined, null, 1, "", "a.b"].map((value) => ({ [name]: value })),
    );
    expect(wrong.filter((one) => accepts(type, one))).toEqual([]);
    for (const other of EVENT_TYPES.filter((one) => one !== type)) {
      expect(accepts(type, { event_type: other })).toBe(false);
    }
  });

  test.each(fields)("takes $name in its form, or null, or not at all", ({ name, right }) => {
    const values = [...right, null, undefined];
    expect(values.filter((value) => !accepts(type, { [name]: value }))).toEqual([]);
  });

  test.each(fields.filter(({ wrong }) => wrong.length > 0))(
    "refuses $name in another form, and the message names it",
    ({ name, wrong }) => {
      for (const value of wrong) {
        const body = { ...required(type), [name]: value };
        const issues = EVENT_SCHEMAS[type].safeParse(body).error?.issues ?? [];
        const message = expect.stringMatching(/expected|must be/);
        expect({ value, place: issues[0]?.path[0], message: issues[0]?.message }).toEqual({
          value,
          place: name,
          message,
        });
      }
    },
  );

  test("passes unknown fields and keeps them", () => {
    const unknown = fc.dictionary(
      fc.constantFrom("x", "x_1", "ü", "status_text", "__x__"),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(unknown, (more) => {
        const body = { ...required(type), ...more };
        expect(EVENT_SCHEMAS[type].parse(body)).toEqual(body);
      }),
    );
  });
});
