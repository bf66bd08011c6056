import { expect, test } from "vitest";
import { differingSettings, type Subscription } from "./subscription.ts";

test("subscriptions differ in the settings that are others, and not in the order of their headers", () => {
  const one: Subscription = {
    event_type: "call_completed",
    callback_url: "https://1.example.com/",
    headers: { a: "1", b: "2" },
    method_type: "POST",
    delivery: { timeout: "10s" },
    order: { by: "call", on_failure: "wait", max_wait: "10m" },
  };
  expect(differingSettings(one, { ...one, headers: { b: "2", a: "1" } })).toEqual([]);
  const others: [Partial<Subscription>, string[]][] = [
    [{ callback_url: "https://2.example.com/" }, ["callback_url"]],
    [{ method_type: "PUT" }, ["method_type"]],
    [{ headers: { a: "1" } }, ["headers"]],
    [{ headers: { a: "1", b: "3" } }, ["headers"]],
    [{ headers: { a: "1", c: "2" } }, ["headers"]],
    [{ headers: { a: "1", b: "2", c: "3" } }, ["headers"]],
    [{ delivery: { timeout: "5s" } }, ["delivery"]],
    [{ order: undefined }, ["order"]],
    [{ order: { by: "call", on_failure: "skip", max_wait: "10m" } }, ["order"]],
    [{ order: { by: "call", on_failure: "wait", max_wait: "9m" } }, ["order"]],
    [{ method_type: "PUT", delivery: { timeout: "5s" } }, ["method_type", "delivery"]],
  ];
  for (const [other, settings] of others) {
    expect(differingSettings(one, { ...one, ...other })).toEqual(settings);
    expect(differingSettings({ ...one, ...other }, one)).toEqual(settings);
  }
});
