import { ACCESS_LIMITS, type StoredSession } from "@ringback/contracts/access/access-record";
import type { AccessAddress } from "@ringback/contracts/access/access-subject";
import { UnavailableError } from "../streams/ask.ts";
import type { AccessIndex } from "./access-index.ts";
import type { AccessStore } from "./access-store.ts";
import { newSessionId, newSessionToken } from "./tokens.ts";

/** What a session is to be; the rest is made here. */
export type NewSession = Omit<
  StoredSession,
  "session_id" | "sha256" | "created_at" | "expires_at"
> & { readonly expires_in_ms: number };

type CreatedSession =
  /** The token is here, and nowhere else. */
  | { readonly kind: "created"; readonly session: StoredSession; readonly token: string }
  | { readonly kind: "too_many_sessions" };

/** The sessions of portals and of people who signed in; in effect in every instance within a second. */
export type SessionStore = {
  readonly create: (session: NewSession) => Promise<CreatedSession>;
  /** False: the workspace has no such session. */
  readonly revoke: (workspaceId: string, sessionId: string, actor: string) => Promise<boolean>;
  /** A workspace's sessions that have not ended, newest first; `*`: of operators. */
  readonly list: (workspaceId: string) => readonly StoredSession[];
  readonly find: (workspaceId: string, sessionId: string) => StoredSession | undefined;
};

type SessionStoreDeps = {
  readonly index: Pick<AccessIndex, "session" | "sessionsIn">;
  readonly store: AccessStore;
  readonly now: () => Date;
};

const MAX_TRIES = 5;
/** Clocks of instances differ: what was deleted stays for longer than any of them takes it for valid. */
const MARGIN_MS = 60_000;

export const sessionStore = ({ index, store, now }: SessionStoreDeps): SessionStore => {
  const list = (workspaceId: string): readonly StoredSession[] => {
    const nowMs = now().getTime();
    return index
      .sessionsIn(workspaceId)
      .map(({ stored }) => stored)
      .filter(({ expires_at }) => Date.parse(expires_at) > nowMs)
      .toSorted(newestFirst);
  };
  return {
    list,
    find: (workspaceId, sessionId) =>
      list(workspaceId).find(({ session_id }) => session_id === sessionId),
    create: async ({ expires_in_ms: ttlMs, ...given }) => {
      const session_id = newSessionId();
      const { token, sha256 } = newSessionToken(session_id);
      const created = now();
      const session: StoredSession = {
        ...given,
        session_id,
        sha256,
        created_at: created.toISOString(),
        expires_at: new Date(created.getTime() + ttlMs).toISOString(),
      };
      const workspaceId = session.workspace_id;
      const result = await store.add({
        address: { workspaceId, kind: "session", id: session_id },
        record: session,
        ttlMs: ttlMs + MARGIN_MS,
        count: () => list(workspaceId).length,
        max: ACCESS_LIMITS.sessions,
      });
      if (result === "there") throw new Error(`there is a session ${session_id} already`);
      return result === "added"
        ? { kind: "created", session, token }
        : { kind: "too_many_sessions" };
    },
    revoke: async (workspaceId, id, by) => {
      const address: AccessAddress = { workspaceId, kind: "session", id };
      for (let n = 0; n < MAX_TRIES; n += 1) {
        const known = index.session(id);
        if (known?.stored.workspace_id !== workspaceId) return false;
        const leftMs = Date.parse(known.stored.expires_at) - now().getTime();
        const deleted = { kind: "deleted", at: now().toISOString(), by } as const;
        const ttlMs = Math.max(0, leftMs) + MARGIN_MS;
        const result = await store.replace(address, deleted, known.seq, ttlMs);
        if (result === "stored") return true;
      }
      throw new UnavailableError(`session ${id} changes too fast to be revoked`);
    },
  };
};

const newestFirst = (a: StoredSession, b: StoredSession): number =>
  a.created_at === b.created_at
    ? b.session_id.localeCompare(a.session_id)
    : b.created_at.localeCompare(a.created_at);
