import { Buffer } from "node:buffer";
import { endpointOf } from "../decide/request.ts";

/** What of a record says how its endpoint is. */
export type AttemptFacts = {
  readonly workspaceId: string;
  readonly endpoint: string;
  readonly hasFailed: boolean;
};

type Parts = {
  readonly workspace_id?: unknown;
  readonly trigger?: unknown;
  readonly request?: { readonly url?: unknown } | null;
  readonly outcome?: { readonly kind?: unknown } | null;
};

/**
 * The facts in a message of ATTEMPTS; undefined for what says nothing of an endpoint: nothing was sent, or
 * a person tried it out. Only looks at what it needs, as every attempt of the platform comes by here.
 */
export const attemptFacts = (data: Uint8Array): AttemptFacts | undefined => {
  const parts = partsIn(data);
  const { workspace_id: workspaceId, trigger, request, outcome } = parts ?? {};
  const kind = outcome?.kind;
  const url = request?.url;
  if (typeof workspaceId !== "string" || typeof url !== "string" || trigger === "test") {
    return undefined;
  }
  if (kind !== "delivered" && kind !== "failed") return undefined;
  const endpoint = endpointOf(url);
  return endpoint === "" ? undefined : { workspaceId, endpoint, hasFailed: kind === "failed" };
};

const partsIn = (data: Uint8Array): Parts | null => {
  try {
    return JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("utf8"));
  } catch {
    return null; // whoever reads it for its own sake says so
  }
};
