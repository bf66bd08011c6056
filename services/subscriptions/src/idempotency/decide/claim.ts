import type { CommandRecord, RequestRecord } from "@ringback/contracts/streams/request-record";

/** How to handle a request whose key may be in use. */
export type ClaimDecision =
  /** Unclaimed. `earlier`: an abandoned claim whose effect is unknown. */
  | { readonly kind: "carry_out"; readonly earlier?: CommandRecord }
  | { readonly kind: "replay"; readonly record: CommandRecord & { readonly kind: "decided" } }
  | { readonly kind: "in_progress" }
  /** The key stands for another request. */
  | { readonly kind: "reused" };

/** How long a claim holds. Its owner stops before that. */
export const CLAIM_MS = 30_000;

/** A request's hash, and the hash that earlier releases stored for the same request. */
export type RequestHashes = { readonly requestHash: string; readonly previousRequestHash?: string };

/** Tells whether a record belongs to this request. */
export const isSameRequest = (
  { request_hash: stored }: Pick<RequestRecord, "request_hash">,
  { requestHash, previousRequestHash }: RequestHashes,
): boolean => stored === requestHash || stored === previousRequestHash;

/** Decides by the last record of the request's key. */
export const decideClaim = (
  record: RequestRecord | undefined,
  request: RequestHashes,
  nowMs: number,
): ClaimDecision => {
  if (record === undefined) return { kind: "carry_out" };
  if (!isSameRequest(record, request)) return { kind: "reused" };
  switch (record.kind) {
    case "decided":
      return { kind: "replay", record };
    case "released":
      return { kind: "carry_out", earlier: record };
    case "claimed": {
      const isAbandoned = nowMs - Date.parse(record.at) >= CLAIM_MS;
      return isAbandoned ? { kind: "carry_out", earlier: record } : { kind: "in_progress" };
    }
    case "pinned": // belongs to another kind of call, so the request differs
      return { kind: "reused" };
    default:
      return record satisfies never;
  }
};
