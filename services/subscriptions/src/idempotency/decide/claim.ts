import type { CommandRecord, RequestRecord } from "@ringback/contracts/streams/request-record";

/** What is to be done with a request whose key may have been used before. */
export type ClaimDecision =
  /** Unclaimed. `earlier`: an abandoned claim whose effect is unknown. */
  | { readonly kind: "carry_out"; readonly earlier?: CommandRecord }
  | { readonly kind: "replay"; readonly record: CommandRecord & { readonly kind: "decided" } }
  | { readonly kind: "in_progress" }
  /** The key stands for another request. */
  | { readonly kind: "reused" };

/** How long a claim holds; its owner gives up before that. */
export const CLAIM_MS = 30_000;

/** A request's hash, and what releases before noted for the same request. */
export type RequestHashes = { readonly requestHash: string; readonly previousRequestHash?: string };

/** Whether a record was noted for this request. */
export const isSameRequest = (
  { request_hash: noted }: Pick<RequestRecord, "request_hash">,
  { requestHash, previousRequestHash }: RequestHashes,
): boolean => noted === requestHash || noted === previousRequestHash;

/** What the last record of a key means for a request with these hashes. */
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
    case "pinned": // of another call: the same request is never both
      return { kind: "reused" };
    default:
      return record satisfies never;
  }
};
