import { z } from "zod";

/** How requests are signed (Standard Webhooks): `v1` HMAC-SHA256, `v1a` Ed25519. */
const SIGNING_SCHEMES = ["v1", "v1a"] as const;

export const signingSchemeSchema = z.enum(SIGNING_SCHEMES);

export type SigningScheme = z.infer<typeof signingSchemeSchema>;

/** The most keys that sign a subscription's requests: each makes the header longer. */
export const MAX_SIGNING_KEYS = 4;

const shared = {
  id: z.string(),
  created_at: z.iso.datetime(),
  /** Set when a newer key replaced it: the time at which it stops signing. */
  expires_at: z.iso.datetime().optional(),
};
const hmac = { ...shared, scheme: z.literal("v1") };
const ed25519 = { ...shared, scheme: z.literal("v1a"), public_key: z.string() };
/** In the form of `parseSigningSecret`; stored sealed. */
const secret = z.string();

/** A key that signs a subscription's requests. Times are RFC 3339 in UTC. */
export const signingKeySchema = z.discriminatedUnion("scheme", [
  z.object({ ...hmac, secret }),
  z.object({ ...ed25519, secret }),
]);

export type SigningKey = z.infer<typeof signingKeySchema>;

/** A key without its secret, for responses. Strict in both directions. */
export const redactedSigningKeySchema = z.discriminatedUnion("scheme", [
  z.strictObject(hmac),
  z.strictObject(ed25519),
]);

export type RedactedSigningKey = z.infer<typeof redactedSigningKeySchema>;

export const redactedSigningKey = ({ secret: _hidden, ...shown }: SigningKey): RedactedSigningKey =>
  shown;

/** The keys that sign at this time, newest first. */
export const liveKeys = (keys: readonly SigningKey[] = [], atMs: number): SigningKey[] =>
  keys.filter(({ expires_at }) => expires_at === undefined || Date.parse(expires_at) > atMs);

/** The keys after a rotation: previous ones sign until `previousExpireAt` at the latest. */
export const withNewKey = (
  keys: readonly SigningKey[] = [],
  added: SigningKey,
  previousExpireAt: string,
): SigningKey[] => [
  added,
  ...keys.map((key) => ({ ...key, expires_at: earlier(key.expires_at, previousExpireAt) })),
];

/** A later rotation never extends an earlier one's expiry. */
const earlier = (one: string | undefined, other: string): string =>
  one !== undefined && Date.parse(one) < Date.parse(other) ? one : other;
