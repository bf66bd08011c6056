import { expect, test } from "vitest";
import { sameSubscription, type Subscription } from "./subscription.ts";

test("subscriptions are the same whatever the order of their headers, and not otherwise", () => {
  const one: Subscription = {
    event_type: "call_completed",
    callback_url: "https://1.example.com/",
    headers: { a: "1", b: "2" },
    method_type: "POST",
    delivery: { timeout: "10s" },
  };
  expect(sameSubscription(one, { ...one, headers: { b: "2", a: "1" } })).toBe(true);
  const others: Partial<Subscription>[] = [
    { event_type: "recording_completed" },
    { callback_url: "https://2.example.com/" },
    { method_type: "PUT" },
    { headers: { a: "1" } },
    { headers: { a: "1", b: "3" } },
    { headers: { a: "1", c: "2" } },
    { headers: { a: "1", b: "2", c: "3" } },
    { delivery: { timeout: "5s" } },
  ];
  for (const other of others) {
    expect(sameSubscription(one, { ...one, ...other })).toBe(false);
    expect(sameSubscription({ ...one, ...other }, one)).toBe(false);
  }
});
