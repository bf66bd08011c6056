import { expect, test } from "vitest";
import { endpointOf } from "../../../../test/harness/fixtures/endpoints.ts";
import { isEndpointSealedNow, openEndpoint, sealEndpoint } from "./endpoint-secrets.ts";
import type { SealingContext } from "./sealed-text.ts";
import { openSubscription, subscriptionOwner } from "./subscription-secrets.ts";
import { subscriptionOf } from "../endpoints/endpoint.ts";

const ENDPOINT = endpointOf("ep_aaaaaaaaaaaaaaaa", {
  url: "https://x.example.com/hook?token=s3cret",
  headers: { Authorization: "Bearer s3cret" },
  signing: [
    { id: "k1", scheme: "v1", secret: "whsec_s3cret", created_at: "2026-01-01T00:00:00.000Z" },
  ],
});

/** Writes the place into the text instead of encrypting. */
const seal = (text: string, place: SealingContext): string =>
  `enc:v1:${place.join("/")}:${Buffer.from(text).toString("hex")}`;
const open = (stored: string, place: SealingContext) => {
  const head = seal("", place);
  return stored.startsWith(head)
    ? ({
        kind: "opened",
        text: Buffer.from(stored.slice(head.length), "hex").toString(),
      } as const)
    : ({ kind: "unreadable", message: "does not open" } as const);
};
const isCurrent = (text: string): boolean => text.startsWith("enc:v1:");

test("header values, the URL's query and signing secrets are sealed for their endpoint alone", () => {
  const stored = sealEndpoint(ENDPOINT, { seal });
  expect(JSON.stringify(stored)).not.toContain("s3cret");
  expect(openEndpoint(stored, { open })).toEqual({ endpoint: ENDPOINT, problems: [] });
  const moved = { ...stored, endpoint_id: "ep_bbbbbbbbbbbbbbbb" };
  expect(openEndpoint(moved, { open })).toEqual({
    endpoint: moved,
    problems: [
      "the query of callback_url: does not open",
      "header 'authorization': does not open",
      "signing secret 'k1': does not open",
    ],
  });
});

test("a text that was sealed for an endpoint opens for no agent's subscription, whatever its names are", () => {
  const stored = sealEndpoint(ENDPOINT, { seal });
  for (const agentId of ["endpoint", "_endpoint", ENDPOINT.endpoint_id]) {
    const owner = subscriptionOwner({ workspaceId: "w1", agentId }, ENDPOINT.endpoint_id);
    const { problems } = openSubscription(owner, subscriptionOf(stored, "call_completed"), {
      open,
    });
    expect(problems).toHaveLength(3);
  }
});

test("an endpoint counts as sealed only when all of its secrets are", () => {
  expect(isEndpointSealedNow(ENDPOINT, { isCurrent })).toBe(false);
  expect(isEndpointSealedNow(sealEndpoint(ENDPOINT, { seal }), { isCurrent })).toBe(true);
});
