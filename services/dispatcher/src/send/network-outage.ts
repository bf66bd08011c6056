import { LRUCache } from "lru-cache";
import { looksLikeOwnNetwork, type ReachSign } from "./decide/network-outage.ts";
import type { SendResult } from "./result.ts";

/** Turns an endpoint's failure into a fault of our own when nearly no endpoint can be reached. */
export type OwnNetworkWatch = (
  endpoint: { readonly workspaceId: string; readonly origin: string },
  result: SendResult,
) => SendResult;

/** All signs are looked at with each endpoint that cannot be reached. */
const WORKSPACES = 100;
const ENDPOINTS_OF_EACH = 20;

/** Remembers the latest signs, of each workspace as many: no one's push another's out. */
export const ownNetworkWatch = (now: () => number): OwnNetworkWatch => {
  const signs = new LRUCache<string, LRUCache<string, ReachSign>>({ max: WORKSPACES });
  return ({ workspaceId, origin }, result) => {
    if (result.kind === "own_fault") return result;
    const reached = result.kind === "response" || !result.unreachable;
    const own = signs.get(workspaceId) ?? new LRUCache({ max: ENDPOINTS_OF_EACH });
    signs.set(workspaceId, own.set(origin, { atMs: now(), reached }));
    if (reached) return result;
    const all = new Map([...signs.entries()].map(([id, some]) => [id, new Map(some.entries())]));
    if (!looksLikeOwnNetwork(all, now())) return result;
    return { kind: "own_fault", fault: "network", detail: result.detail };
  };
};
