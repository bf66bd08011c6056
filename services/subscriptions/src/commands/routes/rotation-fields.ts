import { Buffer } from "node:buffer";
import { randomBytes, randomUUIDv7 } from "node:crypto";
import { parseDurationMs } from "@ringback/contracts/duration";
import {
  signingSchemeSchema,
  type SigningKey,
  type SigningScheme,
} from "@ringback/contracts/secrets/signing-key";
import {
  ED25519_KEY_BYTES,
  formatPublicKey,
  formatSigningSecret,
  parseSigningSecret,
} from "@ringback/contracts/secrets/signing-secret";
import { ed25519PublicKey } from "@ringback/runtime/secrets/ed25519";
import { z } from "zod";

const MAX_OVERLAP_MS = 7 * 86_400_000;
const HMAC_KEY_BYTES = 32;

/** A secret in its one spelling, and the public key that belongs to it. */
type Secret =
  | { readonly scheme: "v1"; readonly secret: string }
  | { readonly scheme: "v1a"; readonly secret: string; readonly public_key: string };

const secretOf = (scheme: SigningScheme, bytes: Uint8Array): Secret => {
  const secret = formatSigningSecret(scheme, bytes);
  if (scheme === "v1") return { scheme, secret };
  return { scheme, secret, public_key: formatPublicKey(ed25519PublicKey(bytes)) };
};

/** A secret that a customer brings. The message about an invalid one does not repeat it. */
const ownSecretSchema = z.string().transform((text, context): Secret => {
  const read = parseSigningSecret(text);
  if (read.kind === "v1") return secretOf("v1", read.key);
  const isPair = read.kind === "v1a" && read.publicKey !== undefined;
  if (isPair && !Buffer.from(ed25519PublicKey(read.seed)).equals(read.publicKey)) {
    context.addIssue("has a public key (its last 32 bytes) that is not its seed's");
    return z.NEVER;
  }
  if (read.kind === "v1a") return secretOf("v1a", read.seed);
  context.addIssue(read.message);
  return z.NEVER;
});

/** How long the secrets before go on signing; the parsed value is milliseconds. */
const overlapSchema = z.string().transform((text, context) => {
  const durationMs = parseDurationMs(text);
  if (durationMs !== undefined && durationMs <= MAX_OVERLAP_MS) return durationMs;
  // Without the text: it may be a secret in the wrong field.
  context.addIssue("must be a duration such as 0s, 30m or 24h, and at most 7d");
  return z.NEVER;
});

/** The fields of a request for another signing secret. */
export const rotationFields = {
  scheme: signingSchemeSchema.optional().meta({
    description: "`v1`: HMAC-SHA256, unless `signing_secret` says otherwise; `v1a`: Ed25519",
  }),
  overlap: overlapSchema.prefault("24h").meta({
    description: "How long the secrets before go on signing: at most 7d",
    examples: ["24h"],
  }),
  signing_secret: ownSecretSchema.optional().meta({
    description: "A secret of your own, `whsec_…` or `whsk_…`; without it one is made",
  }),
};

type RotationRequest = {
  readonly scheme?: SigningScheme | undefined;
  readonly overlap: number;
  readonly signing_secret?: Secret | undefined;
};

/** Refuses a secret of one scheme in a request that names the other. */
export const refuseOtherScheme = (
  { scheme, signing_secret: own }: RotationRequest,
  context: Pick<z.core.$RefinementCtx, "addIssue">,
): void => {
  if (scheme === undefined || own === undefined || own.scheme === scheme) return;
  const message = `is a secret of ${own.scheme}, not of ${scheme}`;
  context.addIssue({ code: "custom", message, path: ["signing_secret"] });
};

/** The new key of a request, and when those before it sign no more (RFC 3339). */
export const rotationOf = (
  { scheme = "v1", signing_secret: own = newSecret(scheme), overlap }: RotationRequest,
  now: Date,
) => ({
  key: keyOf(own, now),
  former_expire_at: new Date(now.getTime() + overlap).toISOString(),
});

const newSecret = (scheme: SigningScheme): Secret =>
  secretOf(scheme, randomBytes(scheme === "v1" ? HMAC_KEY_BYTES : ED25519_KEY_BYTES));

/** A new key of scheme `v1`, which every receiver's library knows. */
export const newSigningKey = (now: Date): SigningKey => keyOf(newSecret("v1"), now);

const keyOf = (secret: Secret, now: Date): SigningKey => ({
  id: randomUUIDv7(),
  created_at: now.toISOString(),
  ...secret,
});

/** What the caller of a rotation verifies signatures with; no response has a private key. */
export const newKeyResponse = (key: SigningKey) =>
  key.scheme === "v1" ? { signing_secret: key.secret } : { signing_public_key: key.public_key };
