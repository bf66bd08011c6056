import type { CallbackUrlPolicy } from "@ringback/contracts/address/callback-url";
import type { Subscription } from "@ringback/contracts/agents/subscription";
import { expect, test } from "vitest";
import { blockedBy } from "./blocked.ts";

const POLICY: CallbackUrlPolicy = {
  allowInsecureHttp: false,
  allowedPorts: [{ first: 443, last: 443 }],
  allowedPrivateCidrs: [],
};

const SUBSCRIPTION: Subscription = {
  event_type: "call_completed",
  callback_url: "https://example.com/hook",
  headers: { "x-team": "calls" },
  method_type: "POST",
};

const SECRET = "s3cret\u0001value";

test("a subscription within the operator's policy is not blocked", () => {
  expect(blockedBy(SUBSCRIPTION, POLICY)).toBeUndefined();
});

test.each<[string, Partial<Subscription>, ReturnType<typeof blockedBy>]>([
  [
    "without a host's name",
    { callback_url: "https://10.0.0.1/hook" },
    { reason: "blocked_address", detail: "the callback URL must name a host, not an IP address" },
  ],
  [
    "whose port was closed since",
    { callback_url: "https://example.com:8443/hook" },
    { reason: "blocked_address", detail: expect.stringMatching(/^the callback URL .*port/) },
  ],
  [
    "whose scheme was closed since",
    { callback_url: "http://example.com/hook" },
    {
      reason: "blocked_address",
      detail: "the callback URL must begin with https:// (http is switched off here)",
    },
  ],
  [
    "with a header that is the platform's now",
    { headers: { "webhook-id": "1" } },
    {
      reason: "protocol",
      detail: expect.stringMatching(/^the subscription's header 'webhook-id' is set by/),
    },
  ],
  [
    "with too many headers",
    { headers: Object.fromEntries(Array.from({ length: 21 }, (_, n) => [`x-${n}`, "1"])) },
    { reason: "protocol", detail: "the subscription's headers: 21 headers: at most 20" },
  ],
  [
    "with a wrong address and a wrong header, by its address first",
    { callback_url: "http://example.com/hook", headers: { host: "x" } },
    { reason: "blocked_address", detail: expect.any(String) },
  ],
])("a subscription %s is blocked", (_what, over, expected) => {
  expect(blockedBy({ ...SUBSCRIPTION, ...over }, POLICY)).toEqual(expected);
});

test("the reason shows a long name's beginning, and never a header's value", () => {
  const name = `x-${"n".repeat(300)}`;
  const long = blockedBy({ ...SUBSCRIPTION, headers: { [name]: "1" } }, POLICY);
  expect(long?.detail).toContain(`'${name.slice(0, 128)}' is not`);
  const wrong = blockedBy({ ...SUBSCRIPTION, headers: { "x-key": SECRET } }, POLICY);
  expect(wrong?.detail).toMatch(/^the subscription's header 'x-key' must be visible ASCII/);
  expect(wrong?.detail).not.toContain("s3cret");
});
