import { createHash, createHmac } from "node:crypto";
import type { RequestKey } from "./handle-once.ts";

/** What makes two requests the same one. */
export type RequestContent = {
  readonly method: string;
  readonly path: string;
  readonly ifMatch: string | undefined;
  /** As it was read, with defaults filled in. */
  readonly body: unknown;
};

/**
 * The hashes of an `Idempotency-Key` and of its request. The request's is keyed with the key itself,
 * which is not stored: who reads REQUESTS cannot try what a short secret in a body may have been.
 */
export const requestKeyOf = (key: string, content: RequestContent): RequestKey => {
  const { method, path, ifMatch = null, body = null } = content;
  const text = JSON.stringify([method, path, ifMatch, body], inOrder);
  return {
    keyHash: createHash("sha256").update(key).digest("hex"),
    requestHash: createHmac("sha256", key).update(text).digest("hex"),
  };
};

/** Objects with their keys in order: which one a client's library wrote first says nothing. */
const inOrder = (_key: string, value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    : value;
