import { expect, test } from "vitest";
import { differencesAt, type Change } from "./changes.ts";

const change = (version: number, set: Change["set"]): Change => ({
  version,
  at: "2026-11-29T10:00:00Z",
  actor: "k1",
  title: "Changed",
  set,
});

test("a setting is shown with what it was before, from the last older change that set it", () => {
  const changes = [
    change(3, { url: "https://c", event_types: ["call_*"] }),
    change(2, { description: "CRM" }),
    change(1, { url: "https://a", event_types: ["*"], description: null }),
  ];
  expect(differencesAt(changes, 0)).toEqual([
    { name: "url", before: "https://a", after: "https://c" },
    { name: "event_types", before: "*", after: "call_*" },
  ]);
  expect(differencesAt(changes, 1)).toEqual([
    { name: "description", before: "not set", after: "CRM" },
  ]);
});

test("what was never set and is not set now, and what stayed, is left out", () => {
  const changes = [change(2, { filter: { a: 1 }, order: null }), change(1, { filter: { a: 1 } })];
  expect(differencesAt(changes, 0)).toEqual([]);
  expect(differencesAt(changes, 1)).toEqual([
    { name: "filter", before: undefined, after: '{"a":1}' },
  ]);
  expect(differencesAt([], 0)).toEqual([]);
});
