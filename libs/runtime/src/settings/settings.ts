import { isStreamName, STREAMS } from "@ringback/contracts/streams/subjects";
import { z } from "zod";
import { durationSchema } from "./duration.ts";
import { readNatsServers } from "../nats/servers.ts";
import { certificateFileSchema, credentialsFileSchema, privateKeyFileSchema } from "./pem-files.ts";
import { STREAM_MANAGEMENT } from "../streams/stream-management.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Exactly `true` or `false`. */
export const booleanSchema = z.enum(["true", "false"]).transform((text) => text === "true");

/** A whole number in `[min, max]`, from text. */
export const integerSchema = (min: number, max: number) =>
  z
    .string()
    .regex(/^-?\d+$/, "is not a whole number")
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`));

/** A TCP port; 0: any free one. */
export const portSchema = integerSchema(0, 65_535);

/** A size such as `500MiB`, `20GiB` or a number of bytes; undefined for `unlimited`. */
export const bytesSchema = z.string().transform((text, context) => {
  if (text === "unlimited") return undefined;
  const match = /^(\d+)(KiB|MiB|GiB|TiB)?$/.exec(text);
  const exponent = ["KiB", "MiB", "GiB", "TiB"].indexOf(match?.[2] ?? "") + 1;
  const bytes = match ? Number(match[1]) * 1024 ** exponent : Number.NaN;
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  context.addIssue(`'${text}' is not a size such as 1073741824, 500MiB, 20GiB or unlimited`);
  return z.NEVER;
});

const natsUrls = z.string().superRefine((text, context) => {
  const read = readNatsServers(text);
  if (read.kind === "invalid") context.addIssue(read.message);
});

/** Tokens without wildcards: subjects below it must be literal. */
const inboxPrefix = z
  .string()
  .regex(
    /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/,
    "must be tokens of A-Z a-z 0-9 _ - such as _INBOX_dispatcher, separated by dots",
  );

/** Streams such as `EVENTS,ATTEMPTS`; empty: none. */
const streamNames = z.string().transform((text, context) => {
  const parts = text.split(",").filter((part) => part.trim() !== "");
  return parts.flatMap((part) => {
    const name = part.trim();
    if (isStreamName(name)) return [name];
    context.addIssue(`'${name}' in '${text}' is not one of ${Object.values(STREAMS).join(", ")}`);
    return [];
  });
});

/** A stream's maximum age; the server accepts no less, and 0 would mean for ever. */
const maxAgeSchema = durationSchema.pipe(z.number().min(100, "must be at least 100ms"));

/** Settings of both services. */
export const commonSettings = {
  NATS_URL: natsUrls
    .prefault("nats://127.0.0.1:4222")
    .describe(
      "NATS servers, separated by commas, such as `tls://user:password@nats.example.com:4222` (user and password `%`-encoded). `NATS_URL_FILE` names a file instead. With `tls:` or a `NATS_TLS_…` file, a server without TLS is refused",
    ),
  NATS_URL_FILE: z
    .string()
    .optional()
    .describe(
      "File that holds `NATS_URL`. The service reads user and password again for each log-in, and the servers once, when it starts",
    ),
  NATS_CREDS_FILE: credentialsFileSchema
    .optional()
    .describe("Credentials file for NATS, read again for each log-in"),
  NATS_TLS_CA_FILE: certificateFileSchema
    .optional()
    .describe("CA certificates that the certificate of NATS is checked against"),
  NATS_TLS_CERT_FILE: certificateFileSchema
    .optional()
    .describe("Client certificate that the service shows to NATS"),
  NATS_TLS_KEY_FILE: privateKeyFileSchema
    .optional()
    .describe("Private key of the client certificate"),
  NATS_INBOX_PREFIX: inboxPrefix
    .prefault("_INBOX")
    .describe(
      "Prefix of the subjects on which replies of NATS arrive. No other NATS user may subscribe to it",
    ),
  STREAM_REPLICAS: integerSchema(1, 5)
    .prefault("1")
    .describe("Replicas of each stream; take 3 in a cluster"),
  STREAM_MANAGEMENT: z
    .enum(STREAM_MANAGEMENT)
    .prefault("manage")
    .describe(
      "`manage`: the service creates the streams and the two consumers, and updates them. `verify`: somebody else does ([deploy/k8s](../deploy/k8s/README.md), NACK); the service waits for them and changes nothing",
    ),
  MAKE_LOST_STREAMS: streamNames
    .prefault("")
    .describe(
      "Deleted streams that the service may create again, empty, such as `EVENTS,ATTEMPTS`. Without it the service refuses to start when a stream is lost. Set it for one start",
    ),
  EVENTS_MAX_AGE: maxAgeSchema.prefault("7d").describe("How long events are kept"),
  EVENTS_MAX_BYTES: bytesSchema
    .prefault("unlimited")
    .describe("Size at which EVENTS refuses new events"),
  SUBSCRIPTIONS_MAX_BYTES: bytesSchema
    .prefault("unlimited")
    .describe("Size at which SUBSCRIPTIONS refuses new changes"),
  ATTEMPTS_MAX_BYTES: bytesSchema
    .prefault("unlimited")
    .describe("Size at which ATTEMPTS drops the oldest attempts"),
  DEAD_LETTERS_MAX_BYTES: bytesSchema
    .prefault("unlimited")
    .describe("Size at which DEAD_LETTERS drops the oldest dead letters"),
  ATTEMPTS_MAX_AGE: maxAgeSchema.prefault("30d").describe("How long attempts are kept"),
  DEAD_LETTERS_MAX_AGE: maxAgeSchema.prefault("30d").describe("How long dead letters are kept"),
  AUDIT_MAX_AGE: maxAgeSchema
    .prefault("90d")
    .describe("How long it is known who did what (`GET /audit`)"),
  AUDIT_MAX_BYTES: bytesSchema
    .prefault("1GiB")
    .describe("Size at which AUDIT drops the oldest entries"),
  LOG_LEVEL: z
    .enum(["trace", "debug", "info", "warn", "error", "fatal"])
    .prefault("info")
    .describe("Lowest level that is logged"),
  ADMIN_HOST: z.string().min(1).prefault("0.0.0.0").describe("Address of the admin port"),
} as const;

/** Settings that may hold a secret: `<NAME>_FILE` may name a file with the value. */
export const COMMON_SECRETS = ["NATS_URL"] as const;

export type SettingsShape = Readonly<Record<string, z.ZodType>>;

export type Settings<Shape extends SettingsShape> = z.output<z.ZodObject<Shape>>;

/**
 * Checks several settings together: returns a problem or undefined. `values` are those that are set, `valid` those that
 * are as they may be, defaults among them.
 */
export type SettingsRule = (
  values: Readonly<Record<string, string>>,
  valid: Readonly<Record<string, unknown>>,
) => string | undefined;
