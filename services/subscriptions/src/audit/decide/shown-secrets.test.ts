import { expect, test } from "vitest";
import { showsSecrets } from "./shown-secrets.ts";

test.each<[string, unknown]>([
  ["a signing secret", { endpoint: { signing_secret: "whsec_abc" } }],
  ["a key", { key_id: "k1", key: "rb_k1_abc" }],
  ["a portal session", { url: "https://portal.example.com/#session=rbs_s1_abc" }],
  ["the value of a header", { event_subscriptions: [{ headers: { "X-Token": "abc" } }] }],
  ["a URL with its query", { url: "https://crm.example.com/?token=abc" }],
  ["a header in a history", { changes: [{ set: { headers: { "X-Token": "abc" } } }] }],
])("%s is a secret", (_what, response) => {
  expect(showsSecrets(response)).toBe(true);
});

test.each<[string, unknown]>([
  ["a header that is redacted", { headers: { "X-Token": "<redacted>" } }],
  ["no header", { headers: {} }],
  ["a URL whose query is redacted", { url: "https://crm.example.com/?<redacted>" }],
  ["a URL without a query", { callback_url: "https://crm.example.com/hook" }],
  ["a public key", { signing_public_key: "whpk_abc" }],
  ["nothing", undefined],
  ["a text", "whsec_abc"],
])("%s is none", (_what, response) => {
  expect(showsSecrets(response)).toBe(false);
});

test("a response that is deeper than any is not followed to its end", () => {
  let deep: unknown = { key: "rb_k1_abc" };
  for (let n = 0; n < 100_000; n += 1) deep = { deep };
  expect(showsSecrets(deep)).toBe(false);
});
