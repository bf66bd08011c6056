import { expect, test } from "vitest";
import { differencesAt } from "../destinations/changes.ts";
import { changeOf } from "./agent-history.ts";

const at = { at: "2026-11-29T10:00:00Z", actor: "k1" };
const subscription = {
  event_type: "call_completed",
  callback_url: "https://a.example.com/",
  headers: {},
  method_type: "POST",
} as const;

test("an edit says which settings of a subscription became others, and a removal takes all away", () => {
  const changes = [
    changeOf({
      ...at,
      version: 4,
      type: "event_subscriptions_removed",
      removed: ["call_completed"],
    }),
    changeOf({
      ...at,
      version: 3,
      type: "event_subscriptions_edited",
      set: [{ ...subscription, callback_url: "https://b.example.com/" }],
    }),
    changeOf({
      ...at,
      version: 2,
      type: "event_subscriptions_edited",
      set: [{ ...subscription, delivery: { timeout: "10s" } }],
    }),
    changeOf({ ...at, version: 1, type: "agent_registered", agent_display_name: "Reminders" }),
  ];
  expect(changes.map(({ title }) => title)).toEqual([
    "Subscriptions removed",
    "Subscriptions set",
    "Subscriptions set",
    "Registered",
  ]);
  expect(differencesAt(changes, 1)).toEqual([
    {
      name: "call_completed callback_url",
      before: "https://a.example.com/",
      after: "https://b.example.com/",
    },
    { name: "call_completed delivery", before: '{"timeout":"10s"}', after: "not set" },
  ]);
  expect(differencesAt(changes, 0).map(({ name, after }) => [name, after])).toEqual([
    ["call_completed callback_url", "not set"],
    ["call_completed method_type", "not set"],
    ["call_completed headers", "not set"],
  ]);
});
