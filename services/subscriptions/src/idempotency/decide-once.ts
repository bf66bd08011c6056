import type { RequestKey } from "./request-key.ts";
import { isSameRequest } from "./decide/claim.ts";
import type { RequestStore } from "./request-store.ts";

/** The effect of a request, decided before it is carried out: carrying it out again does nothing more. */
type Effect = Readonly<Record<string, unknown>>;

export type Rejected<R> = { readonly kind: "rejected"; readonly rejection: R };

export type Decision<T, R> = { readonly kind: "decided"; readonly decided: T } | Rejected<R>;

/** The `Idempotency-Key` stands for another request. */
export type KeyReused = { readonly kind: "key_reused" };

export type DecidedOnce<T, R> =
  | { readonly kind: "decided"; readonly decided: T; readonly isRepeat: boolean }
  | Rejected<R | KeyReused>;

export type DecideOnceDeps = { readonly requests: RequestStore; readonly now: () => Date };

/** Whose request it is, and its `Idempotency-Key`; undefined: it is decided again each time. */
export type OnceFor = { readonly workspaceId: string; readonly key: RequestKey | undefined };

const MAX_TRIES = 3;

/**
 * Decides a request once for its `Idempotency-Key`. REQUESTS gets the decision before anything is done, and
 * a repeated request finds it there. Rejections are not stored.
 */
export const decideOnce = async <T extends Effect, R>(
  { workspaceId, key }: OnceFor,
  decide: () => Promise<Decision<T, R>>,
  read: (stored: unknown) => T,
  { requests, now }: DecideOnceDeps,
): Promise<DecidedOnce<T, R>> => {
  if (key === undefined) return firstTime(await decide());
  const { keyHash, requestHash } = key;
  const at = { workspaceId, keyHash };
  for (let n = 0; n < MAX_TRIES; n += 1) {
    const earlier = await requests.read(at);
    if (earlier !== undefined) {
      const { record } = earlier;
      if (record.kind !== "pinned" || !isSameRequest(record, key)) return REUSED;
      return { kind: "decided", decided: read(record.decided), isRepeat: true };
    }
    const decision = await decide();
    if (decision.kind === "rejected") return decision;
    const { decided } = decision;
    const record = { request_hash: requestHash, at: now().toISOString(), decided };
    const stored = await requests.append(at, { kind: "pinned", ...record }, 0);
    if (stored.kind === "stored") return firstTime(decision);
  }
  throw new Error("a record of this key was stored, and cannot be read");
};

const firstTime = <T, R>(decision: Decision<T, R>): DecidedOnce<T, R> =>
  decision.kind === "rejected" ? decision : { ...decision, isRepeat: false };

const REUSED = { kind: "rejected", rejection: { kind: "key_reused" } } as const;
