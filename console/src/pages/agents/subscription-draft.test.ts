import { expect, test } from "vitest";
import { subscriptionDraftOf, subscriptionOf } from "./subscription-draft.ts";

const whole = {
  event_type: "call_completed",
  callback_url: "https://crm.example.com/calls",
  method_type: "PUT",
  headers: { Authorization: "Bearer x" },
  delivery: { timeout: "10s", retry_delays: ["10s"] },
  order: { by: "call", on_failure: "wait", max_wait: "10m" },
} as const;

test("a subscription comes out of its form wholly as it went in: an edit overwrites all of it", () => {
  expect(subscriptionOf(subscriptionDraftOf(whole as never))).toEqual(whole);
});

test("a new one names its types, and nothing that nobody typed", () => {
  const draft = { ...subscriptionDraftOf(undefined), url: " https://a.example.com " };
  expect(subscriptionOf({ ...draft, types: ["call_completed", "recording_completed"] })).toEqual({
    event_type: ["call_completed", "recording_completed"],
    callback_url: "https://a.example.com",
    method_type: "POST",
    headers: {},
  });
});
