import { looksLikeOwnNetwork } from "./decide/own-network.ts";
import type { SendResult } from "./decide/outcome.ts";

/** Turns an endpoint's failure into a fault of our own when nearly no endpoint can be reached. */
export type OwnNetworkWatch = (origin: string, result: SendResult) => SendResult;

const REMEMBERED = 1_000;

export const ownNetworkWatch = (now: () => number): OwnNetworkWatch => {
  const signs = new Map<string, { atMs: number; reached: boolean }>();
  return (origin, result) => {
    if (result.kind === "own_fault") return result;
    const reached = result.kind === "response" || !result.unreachable;
    signs.delete(origin); // so that the oldest sign is always the first
    signs.set(origin, { atMs: now(), reached });
    for (const oldest of signs.keys()) {
      if (signs.size <= REMEMBERED) break;
      signs.delete(oldest);
    }
    if (reached || !looksLikeOwnNetwork(signs, now())) return result;
    return { kind: "own_fault", fault: "network", detail: result.detail };
  };
};
