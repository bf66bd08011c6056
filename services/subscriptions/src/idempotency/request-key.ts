import { createHash, createHmac } from "node:crypto";
import { idempotencyKeyIn } from "./decide/key.ts";

/** A request's `Idempotency-Key` and its content, as hashes: neither can be told from them. */
export type RequestKey = {
  readonly keyHash: string;
  readonly requestHash: string;
  /** What the releases up to 0.1 have noted for this request: readable for as long as keys are kept. */
  readonly previousRequestHash?: string;
};

/** What of a request makes another one the same. */
export type KeyedRequest = {
  readonly method: string;
  readonly url: string;
  readonly headers: { readonly "if-match"?: string; readonly "idempotency-key"?: unknown };
  /** As it was sent: what defaults there are may change. */
  readonly sentBody?: unknown;
  /** With defaults filled in, as it was hashed by the releases up to 0.1. */
  readonly body: unknown;
};

export type ReadKey<Key> =
  /** Undefined: the request is carried out each time that it comes. */
  { readonly kind: "read"; readonly key: Key | undefined } | typeof INVALID_KEY;

const INVALID_KEY = {
  kind: "rejected",
  code: "bad_request",
  detail: "Idempotency-Key: expected once, 1 to 255 visible ASCII characters such as a UUID.",
} as const;

/** The key in a request's `Idempotency-Key` headers. */
export const keyIn = ({ "idempotency-key": sent }: KeyedRequest["headers"]): ReadKey<string> => {
  if (sent === undefined) return { kind: "read", key: undefined };
  const read = typeof sent === "string" ? idempotencyKeyIn(sent) : undefined;
  return read?.kind === "key" ? { kind: "read", key: read.key } : INVALID_KEY;
};

/** The key of a request, with what it asks for. */
export const requestKeyIn = (request: KeyedRequest): ReadKey<RequestKey> => {
  const read = keyIn(request.headers);
  if (read.kind === "rejected" || read.key === undefined) return read as ReadKey<never>;
  return { kind: "read", key: requestKeyOf(read.key, request) };
};

/**
 * The hash of the request is keyed with the key itself, which is not stored: who reads REQUESTS cannot try
 * what a short secret in a body may have been.
 */
export const requestKeyOf = (key: string, request: KeyedRequest): RequestKey => {
  const { method, url, headers, sentBody, body } = request;
  const [path] = url.split("?");
  const hashOf = (content: unknown = null): string => {
    const text = JSON.stringify([method, path, headers["if-match"] ?? null, content], inOrder);
    return createHmac("sha256", key).update(text).digest("hex");
  };
  return {
    keyHash: createHash("sha256").update(key).digest("hex"),
    requestHash: hashOf(sentBody),
    previousRequestHash: hashOf(body),
  };
};

/** Objects with their keys in order: the order in which a client's library writes them says nothing. */
const inOrder = (_key: string, value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    : value;
