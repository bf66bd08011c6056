import { Buffer } from "node:buffer";
import { randomBytes, randomUUIDv7 } from "node:crypto";
import { countedList } from "@ringback/contracts/json/counted-list";
import { parseDurationMs } from "@ringback/contracts/duration";
import { eventTypeSchema } from "@ringback/contracts/events/event-types";
import { idSchema } from "@ringback/contracts/id";
import {
  MAX_SIGNING_KEYS,
  redactedSigningKeySchema,
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
import type { RemoveSigningSecret, RotateSigningSecret } from "../decide/signing.ts";

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

/** Of subscriptions and of event types in one request. */
export const MAX_SUBSCRIPTIONS = 50;

/** A list of at most so many elements; the length of a longer list is all that is looked at. */
export const listOf = <T extends z.ZodType>(list: z.ZodArray<T>, max: number, what: string) =>
  countedList(list.max(max), ({ length }) =>
    length > max ? `holds ${length} ${what}: at most ${max}` : undefined,
  );

/** `signing` as responses show it: accepted and not used, so that a list can be sent back as it was read. */
export const signingAsReadSchema = listOf(
  z.array(redactedSigningKeySchema),
  MAX_SIGNING_KEYS,
  "keys",
).optional();

const eventTypes = listOf(z.array(eventTypeSchema).min(1), MAX_SUBSCRIPTIONS, "event types")
  .optional()
  .meta({ description: "Of the subscriptions for these; without it of all" });

/** The body of `rotate_signing_secret`. */
export const rotateSigningSecretSchema = z
  .strictObject({
    operation: z.literal("rotate_signing_secret"),
    agent_id: idSchema,
    event_types: eventTypes,
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
  })
  .superRefine(({ scheme, signing_secret: own }, context) => {
    if (scheme === undefined || own === undefined || own.scheme === scheme) return;
    const message = `is a secret of ${own.scheme}, not of ${scheme}`;
    context.addIssue({ code: "custom", message, path: ["signing_secret"] });
  });

/** The body of `remove_signing_secret`. */
export const removeSigningSecretSchema = z.strictObject({
  operation: z.literal("remove_signing_secret"),
  agent_id: idSchema,
  event_types: eventTypes,
});

type SigningRequest =
  z.output<typeof rotateSigningSecretSchema> | z.output<typeof removeSigningSecretSchema>;

/** The command of a request, with a new key where the request wants one. */
export const signingCommandOf = (
  body: SigningRequest,
  workspace_id: string,
  now: Date,
): RotateSigningSecret | RemoveSigningSecret => {
  const agent = { workspace_id, agent_id: body.agent_id };
  const { event_types = "all" } = body;
  if (body.operation === "remove_signing_secret") {
    return { kind: body.operation, agent, event_types };
  }
  const { scheme = "v1", signing_secret: own = newSecret(scheme) } = body;
  const key = keyOf(own, now);
  const former_expire_at = new Date(now.getTime() + body.overlap).toISOString();
  return { kind: body.operation, agent, event_types, key, former_expire_at };
};

const newSecret = (scheme: SigningScheme): Secret =>
  secretOf(scheme, randomBytes(scheme === "v1" ? HMAC_KEY_BYTES : ED25519_KEY_BYTES));

/** A new key of scheme `v1`, which every receiver's library knows. */
export const newSigningKey = (now: Date): SigningKey => keyOf(newSecret("v1"), now);

const keyOf = (secret: Secret, now: Date): SigningKey => ({
  id: randomUUIDv7(),
  created_at: now.toISOString(),
  ...secret,
});
