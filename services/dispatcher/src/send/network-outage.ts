import { LRUCache } from "lru-cache";
import { isNetworkOutage, type ReachSign } from "./decide/network-outage.ts";
import type { SendResult } from "./result.ts";

/** Turns an endpoint's failure into a platform fault when nearly no endpoint can be reached. */
export type NetworkOutageDetector = (
  endpoint: { readonly workspaceId: string; readonly origin: string },
  result: SendResult,
) => SendResult;

/** Each endpoint that cannot be reached makes all signs be checked. */
const MAX_WORKSPACES = 100;
const MAX_ENDPOINTS = 20;

/** Keeps the latest signs, equally many of each workspace, so that none pushes another's out. */
export const networkOutageDetector = (now: () => number): NetworkOutageDetector => {
  const signs = new LRUCache<string, LRUCache<string, ReachSign>>({ max: MAX_WORKSPACES });
  return ({ workspaceId, origin }, result) => {
    if (result.kind === "platform_fault") return result;
    const reached = result.kind === "response" || !result.unreachable;
    const own = signs.get(workspaceId) ?? new LRUCache({ max: MAX_ENDPOINTS });
    signs.set(workspaceId, own.set(origin, { atMs: now(), reached }));
    if (reached) return result;
    const all = new Map([...signs.entries()].map(([id, some]) => [id, new Map(some.entries())]));
    if (!isNetworkOutage(all, now())) return result;
    return { kind: "platform_fault", fault: "network", detail: result.detail };
  };
};
