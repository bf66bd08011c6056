import { expect, test } from "vitest";
import type { SigningKey } from "./signing-key.ts";
import {
  isSealedNow,
  openSubscription,
  sealSigningKey,
  sealSubscription,
  subscriptionOwner,
  redactedSubscription,
  type SealingContext,
} from "./subscription-secrets.ts";
import type { Subscription } from "../agents/subscription.ts";

const OWNER = subscriptionOwner({ workspaceId: "acme", agentId: "bob" }, "call_completed");
const OTHER = subscriptionOwner({ workspaceId: "acme", agentId: "bob" }, "recording_completed");
const KEY: SigningKey = {
  id: "k1",
  scheme: "v1a",
  secret: "whsk_secret",
  public_key: "whpk_public",
  created_at: "2026-01-01T00:00:00.000Z",
};
const SUBSCRIPTION: Subscription = {
  event_type: "call_completed",
  callback_url: "https://a.example.com/",
  headers: {},
  method_type: "POST",
  signing: [KEY],
};

/** Writes the place into the text instead of encrypting. */
const seal = (text: string, place: SealingContext): string => `enc:v1:${place.join("/")}:${text}`;
const open = (stored: string, place: SealingContext) => {
  const head = seal("", place);
  return stored.startsWith(head)
    ? ({ kind: "opened", text: stored.slice(head.length) } as const)
    : ({ kind: "unreadable", message: "does not open" } as const);
};

const isCurrent = (text: string): boolean => text.startsWith("enc:v1:");

test("a signing secret is sealed for its agent, event type and key, and opens only there", () => {
  const stored = sealSubscription(OWNER, SUBSCRIPTION, { seal });
  const place = "acme/bob/call_completed/signing secret/k1";
  expect(stored.signing).toEqual([{ ...KEY, secret: `enc:v1:${place}:whsk_secret` }]);
  expect(sealSigningKey(OWNER, KEY, { seal })).toEqual(stored.signing?.[0]);
  expect(openSubscription(OWNER, stored, { open })).toEqual({
    subscription: SUBSCRIPTION,
    problems: [],
  });
  expect(openSubscription(OTHER, stored, { open })).toEqual({
    subscription: stored,
    problems: ["signing secret 'k1': does not open"],
  });
  expect(sealSubscription(OWNER, stored, { seal })).toEqual(stored);
});

test("a subscription counts as sealed only when its signing secrets are", () => {
  expect(isSealedNow(OWNER, SUBSCRIPTION, { isCurrent })).toBe(false);
  const stored = sealSubscription(OWNER, SUBSCRIPTION, { seal });
  expect(isSealedNow(OWNER, stored, { isCurrent })).toBe(true);
});

test("nobody is shown a signing secret, whatever else they may see", () => {
  const { secret: _hidden, ...shown } = KEY;
  for (const maySeeSecrets of [true, false]) {
    const { signing } = redactedSubscription(SUBSCRIPTION, maySeeSecrets);
    expect(signing).toEqual([shown]);
  }
  const { signing: _none, ...unsigned } = SUBSCRIPTION;
  expect(redactedSubscription(unsigned, true)).not.toHaveProperty("signing");
});
