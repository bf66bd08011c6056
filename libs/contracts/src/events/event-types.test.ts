import { expect, test } from "vitest";
import { EVENT_FIELDS } from "./event-fields.ts";
import {
  byCatalogue,
  EVENT_TYPES,
  eventSchema,
  eventTypeLabel,
  isBuiltIn,
  isEventTypeName,
} from "./event-types.ts";

test("the catalogue has the eight event types of calls and the workspace's one, in their order", () => {
  expect(EVENT_TYPES).toEqual([
    "call_started",
    "call_completed",
    "recording_completed",
    "recording_failed",
    "platform_analysis_completed",
    "client_analysis_completed",
    "analysis_failed",
    "all_processing_completed",
    "delivery_exhausted",
  ]);
});

test("only what is in the catalogue is built in", () => {
  expect(EVENT_TYPES.every(isBuiltIn)).toBe(true);
  for (const text of ["", "toString", "__proto__", "constructor", "CALL_COMPLETED", "call"]) {
    expect(isBuiltIn(text)).toBe(false);
  }
});

test("a type's name is up to 64 small letters, digits and underscores, a letter first", () => {
  expect(EVENT_TYPES.every(isEventTypeName)).toBe(true);
  expect(["a", "kyc_done_2", "x".repeat(64)].every(isEventTypeName)).toBe(true);
  const wrong = ["", "A", "_a", "2a", "a-b", "a.b", "a b", "*", "ü", "x".repeat(65), "a\n"];
  expect(wrong.filter(isEventTypeName)).toEqual([]);
});

test("metrics have one label for all added types, and one for what is no type", () => {
  const labels = ["call_completed", "kyc_done", "No Type"].map(eventTypeLabel);
  expect(labels).toEqual(["call_completed", "custom", "unknown"]);
});

test("built-in types come in the catalogue's order, others behind them by name", () => {
  const sorted = ["zeta", "delivery_exhausted", "alpha", "call_completed"].toSorted(byCatalogue);
  expect(sorted).toEqual(["call_completed", "delivery_exhausted", "alpha", "zeta"]);
});

test.each(EVENT_TYPES)("the documented schema of %s knows its fields and passes others", (type) => {
  const known = Object.keys(eventSchema(type).shape).toSorted();
  const ids = ["event_type", "call_id", "agent_id", "workspace_id"];
  expect(known).toEqual([...ids, ...Object.keys(EVENT_FIELDS[type])].toSorted());
  const body = { event_type: type, call_id: "c1", something_else: [1] };
  expect(eventSchema(type).parse(body)).toEqual(body);
});
