import { isSameRequest } from "./decide/claim.ts";
import type { RequestKey } from "./request-key.ts";
import type { Problem } from "../http/problem.ts";
import type { RequestStore } from "./request-store.ts";

/** What a request was decided to come to: carrying it out again does nothing more. */
type Decided = Readonly<Record<string, unknown>>;

export type Pinned<T> =
  | { readonly kind: "decided"; readonly decided: T; readonly isRepeat: boolean }
  | { readonly kind: "problem"; readonly problem: Problem };

export type PinDeps = { readonly requests: RequestStore; readonly now: () => Date };

const MAX_TRIES = 3;

/**
 * Decides a request once for its `Idempotency-Key` (undefined: anew each time): what was decided is noted
 * on REQUESTS before anything is done, and found there by whoever asks again. Refusals are not noted.
 */
export const pinned = async <T extends Decided>(
  workspaceId: string,
  key: RequestKey | undefined,
  decide: () => Promise<{ kind: "decided"; decided: T } | { kind: "problem"; problem: Problem }>,
  read: (noted: unknown) => T,
  { requests, now }: PinDeps,
): Promise<Pinned<T>> => {
  if (key === undefined) return withRepeat(await decide());
  const { keyHash, requestHash } = key;
  const at = { workspaceId, keyHash };
  for (let n = 0; n < MAX_TRIES; n += 1) {
    const earlier = await requests.read(at);
    if (earlier !== undefined) {
      const { record } = earlier;
      if (record.kind !== "pinned" || !isSameRequest(record, key)) return REUSED;
      return { kind: "decided", decided: read(record.decided), isRepeat: true };
    }
    const made = await decide();
    if (made.kind === "problem") return made;
    const { decided } = made;
    const record = { request_hash: requestHash, at: now().toISOString(), decided };
    const noted = await requests.append(at, { kind: "pinned", ...record }, 0);
    if (noted.kind === "stored") return withRepeat(made);
  }
  throw new Error("a request with this key was noted, and is not there");
};

const withRepeat = <T extends Decided>(
  made: { kind: "decided"; decided: T } | { kind: "problem"; problem: Problem },
): Pinned<T> => (made.kind === "problem" ? made : { ...made, isRepeat: false });

const REUSED = {
  kind: "problem",
  problem: {
    code: "idempotency_key_reused",
    detail:
      "This Idempotency-Key was used for another request in the last 24 hours: take a new key for a new request.",
  },
} as const;
