import { describe, expect, test } from "vitest";
import { callerIn } from "../../../../../test/harness/callers.ts";
import type { z } from "zod";
import { rowCursor } from "../../http/pagination.ts";
import {
  attemptsQuerySchema,
  deadLettersQuerySchema,
  eventsQuerySchema,
  narrowedBy,
  statsQuerySchema,
} from "./list-query.ts";

const NOW = new Date("2026-02-01T12:00:00Z");
const now = () => NOW;

const SCHEMAS = {
  events: eventsQuerySchema(now),
  attempts: attemptsQuerySchema(now),
  dead_letters: deadLettersQuerySchema(now),
} as const;

const LISTS = ["events", "attempts", "dead_letters"] as const;

const problemsOf = (schema: z.ZodType, query: object) =>
  schema.safeParse(query).error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);

describe.each(LISTS)("a query of %s", (list) => {
  const schema = SCHEMAS[list];

  test("without parameters takes the first 50", () => {
    expect(schema.parse({})).toEqual({ limit: 50 });
  });

  test("has its parameters in the form that the projection takes", () => {
    const position = { atMs: 5, seq: 7 };
    const query = {
      agent_id: "a1",
      call_id: "c:1",
      event_type: "call_completed,recording_completed",
      since: "2h",
      until: "2026-02-01T11:00:00Z",
      cursor: rowCursor(list).encode(position),
      limit: "10",
    };
    expect(schema.parse(query)).toEqual({
      agent_id: "a1",
      call_id: "c:1",
      event_type: ["call_completed", "recording_completed"],
      since: Date.parse("2026-02-01T10:00:00Z"),
      until: Date.parse("2026-02-01T11:00:00Z"),
      cursor: position,
      limit: 10,
    });
  });

  test("names no parameter that the list does not have", () => {
    expect(problemsOf(schema, { agent: "a1" })).toHaveLength(1);
  });

  test.each([
    ["at its beginning", "1h"],
    ["before its beginning", "2h"],
  ])("whose span ends %s is refused at until", (_what, until) => {
    expect(problemsOf(schema, { since: "1h", until })).toEqual(["until: must be later than since"]);
  });

  test("takes no cursor of another list", () => {
    const others = LISTS.filter((one) => one !== list);
    for (const other of others) {
      const cursor = rowCursor(other).encode({ atMs: 5, seq: 7 });
      expect(problemsOf(schema, { cursor })).toEqual([
        "cursor: is not a next_cursor of an earlier response",
      ]);
    }
  });
});

test.each([
  ["events", "status", "delivered,retrying", ["delivered", "retrying"]],
  ["attempts", "outcome", ["failed", "cancelled"], ["failed", "cancelled"]],
  ["attempts", "reason", "timeout", ["timeout"]],
  ["dead_letters", "reason", "exhausted", ["exhausted"]],
] as const)("%s are narrowed by %s to any of several", (list, name, given, expected) => {
  expect(SCHEMAS[list].parse({ [name]: given })).toEqual({ limit: 50, [name]: expected });
  expect(problemsOf(SCHEMAS[list], { [name]: "nonsense" })).toHaveLength(1);
});

test("a query narrows the projection to the caller's workspace", () => {
  const caller = callerIn("w1");
  const query = SCHEMAS.events.parse({
    agent_id: "a1",
    call_id: "c1",
    event_type: "call_completed",
    since: "2h",
    until: "1h",
    cursor: rowCursor("events").encode({ atMs: 5, seq: 7 }),
    limit: "7",
  });
  expect(narrowedBy({ caller, query })).toEqual({
    workspaceId: "w1",
    agentId: "a1",
    callId: "c1",
    eventTypes: ["call_completed"],
    sinceMs: NOW.getTime() - 7_200_000,
    untilMs: NOW.getTime() - 3_600_000,
    after: { atMs: 5, seq: 7 },
    limit: 7,
  });
  expect(() => narrowedBy({ caller: null, query })).toThrow("has no caller");
});

describe("the window of stats", () => {
  test.each([
    [undefined, 24 * 3_600_000],
    ["5m", 300_000],
    ["31d", 31 * 24 * 3_600_000],
  ])("%s is taken", (window, windowMs) => {
    expect(statsQuerySchema.parse(window === undefined ? {} : { window })).toEqual({
      window: windowMs,
    });
  });

  test.each(["299s", "32d", "a day", ""])("'%s' is refused with what came", (window) => {
    expect(problemsOf(statsQuerySchema, { window })).toEqual([
      `window: must be a duration from 5m to 31d, such as 1h, 24h or 7d, got "${window}"`,
    ]);
  });
});
