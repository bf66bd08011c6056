import { createHash, createHmac } from "node:crypto";
import type { Sight } from "../sight/decide/sight.ts";
import { idempotencyKeyIn } from "./decide/key.ts";

/** A request's `Idempotency-Key` and its content, as hashes, which reveal neither. */
export type RequestKey = {
  readonly keyHash: string;
  readonly requestHash: string;
  /** What releases up to 0.1 stored for this request: recognized for as long as keys are kept. */
  readonly previousRequestHash?: string;
};

/** The parts of a request that a repeated one has in common with it. */
export type KeyedRequest = {
  readonly method: string;
  readonly url: string;
  readonly headers: { readonly "if-match"?: string; readonly "idempotency-key"?: unknown };
  /** As it was sent: defaults may change. */
  readonly sentBody?: unknown;
  /** With defaults filled in, as it was hashed by the releases up to 0.1. */
  readonly body: unknown;
  /** Keys of callers that see other things are other keys: nobody gets a response that another one may see. */
  readonly caller?: Pick<Sight, "agents"> | null;
};

export type ReadKey<Key> =
  /** Undefined: the request is carried out each time that it comes. */
  { readonly kind: "read"; readonly key: Key | undefined } | typeof INVALID_KEY;

const INVALID_KEY = {
  kind: "rejected",
  code: "bad_request",
  detail: "Idempotency-Key: expected once, 1 to 255 visible ASCII characters such as a UUID.",
} as const;

/** The problem of a request whose key stands for another request. */
export const KEY_REUSED = {
  code: "idempotency_key_reused",
  detail:
    "This Idempotency-Key was used for another request in the last 24 hours: take a new key for a new request.",
} as const;

/** The key in a request's `Idempotency-Key` headers. */
export const keyIn = ({ "idempotency-key": sent }: KeyedRequest["headers"]): ReadKey<string> => {
  if (sent === undefined) return { kind: "read", key: undefined };
  const key = typeof sent === "string" ? idempotencyKeyIn(sent) : undefined;
  return key === undefined ? INVALID_KEY : { kind: "read", key };
};

/** The key of a request, with the hash of its content. */
export const requestKeyIn = (request: KeyedRequest): ReadKey<RequestKey> => {
  const read = keyIn(request.headers);
  if (read.kind === "rejected") return read;
  return {
    kind: "read",
    key: read.key === undefined ? undefined : requestKeyOf(read.key, request),
  };
};

/**
 * The hash of the request is keyed with the key itself, which is not stored: a reader of REQUESTS cannot find
 * out a short secret in a body by trying.
 */
export const requestKeyOf = (key: string, request: KeyedRequest): RequestKey => {
  const { method, url, headers, sentBody, body, caller } = request;
  const [path] = url.split("?");
  const hashOf = (content: unknown = null): string => {
    const text = JSON.stringify([method, path, headers["if-match"] ?? null, content], inOrder);
    return createHmac("sha256", key).update(text).digest("hex");
  };
  return {
    keyHash: createHash("sha256").update(keyOf(key, caller)).digest("hex"),
    requestHash: hashOf(sentBody),
    previousRequestHash: hashOf(body),
  };
};

/** No key has a line break. */
const keyOf = (key: string, caller: KeyedRequest["caller"]): string =>
  caller?.agents === undefined ? key : [key, ...[...caller.agents].toSorted()].join("\n");

/** Sorts the keys of objects: their order depends on the client's library. */
const inOrder = (_key: string, value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    : value;
