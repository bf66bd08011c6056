import { createHash, createHmac } from "node:crypto";
import type { RequestKey } from "../agents/run-once.ts";

/** What makes two requests the same one. */
export type RequestContent = {
  readonly method: string;
  readonly path: string;
  readonly ifMatch: string | undefined;
  /** As it was sent: what defaults there are may change. */
  readonly sentBody: unknown;
  /** With defaults filled in, as it was hashed by the releases up to 0.1. */
  readonly body: unknown;
};

/**
 * The hashes of an `Idempotency-Key` and of its request. The request's is keyed with the key itself,
 * which is not stored: who reads REQUESTS cannot try what a short secret in a body may have been.
 */
export const requestKeyOf = (key: string, content: RequestContent): RequestKey => {
  const { method, path, ifMatch = null } = content;
  const hashOf = (body: unknown = null): string => {
    const text = JSON.stringify([method, path, ifMatch, body], inOrder);
    return createHmac("sha256", key).update(text).digest("hex");
  };
  return {
    keyHash: createHash("sha256").update(key).digest("hex"),
    requestHash: hashOf(content.sentBody),
    formerRequestHash: hashOf(content.body),
  };
};

/** Objects with their keys in order: which one a client's library wrote first says nothing. */
const inOrder = (_key: string, value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    : value;
