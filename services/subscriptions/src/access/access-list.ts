import {
  readAccessRecord,
  type StoredKey,
  type StoredSession,
} from "@ringback/contracts/access/access-record";
import { parseAccessSubject } from "@ringback/contracts/access/access-subject";
import { idsInSubject } from "@ringback/contracts/streams/subject-ids";
import type { LastMessage } from "@ringback/runtime/streams/last-per-subject";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import type { Credential } from "../http/auth/credential.ts";
import { credentialOfKey, credentialOfSession } from "./stored-credentials.ts";

/** Something that is stored, and as it is known by its token. */
type Known<T> = { readonly stored: T; readonly credential: Credential; readonly seq: number };

type KnownKey = Known<StoredKey>;
type KnownSession = Known<StoredSession>;

/** All keys and sessions of ACCESS, in memory. */
export type AccessList = {
  readonly apply: (value: LastMessage, log: Logger) => void;
  readonly key: (keyId: string) => KnownKey | undefined;
  readonly session: (sessionId: string) => KnownSession | undefined;
  /** Of a workspace; `*`: of operators. */
  readonly keysIn: (workspaceId: string) => readonly KnownKey[];
  readonly sessionsIn: (workspaceId: string) => readonly KnownSession[];
  /** Forgets what the stream no longer holds: it deletes what has ended, and says nothing. */
  readonly dropEnded: (nowMs: number) => void;
  /** Those that have keys; `*` may be among them. */
  readonly workspaceIds: () => Iterable<string>;
  readonly counts: () => { readonly keys: number; readonly sessions: number };
};

/** How long after its end a key is still shown. */
export const SHOWN_AFTER_END_MS = 30 * 24 * 60 * 60_000;

export const createAccessList = (): AccessList => {
  const keys = createShelf<StoredKey>(SHOWN_AFTER_END_MS);
  const sessions = createShelf<StoredSession>(0);
  return {
    apply: (value, log) => {
      const { subject, seq, data } = value;
      const at = parseAccessSubject(subject);
      const read = readAccessRecord(data);
      const problem = at === undefined ? "not a subject of ACCESS" : problemOf(read, at);
      if (at === undefined || read.kind === "invalid" || problem !== undefined) {
        log.error(
          { ...idsInSubject(subject), subject, seq, problem },
          "access_index.invalid_message",
        );
        return;
      }
      const { record } = read;
      if (record.kind === "deleted") {
        (at.kind === "key" ? keys : sessions).remove(at.id, at.workspaceId);
      } else if (record.kind === "key") {
        keys.set({ stored: record, credential: credentialOfKey(record), seq });
      } else {
        sessions.set({ stored: record, credential: credentialOfSession(record), seq });
      }
    },
    key: keys.find,
    session: sessions.find,
    keysIn: keys.of,
    sessionsIn: sessions.of,
    dropEnded: (nowMs) => {
      keys.dropEnded(nowMs);
      sessions.dropEnded(nowMs);
    },
    workspaceIds: keys.workspaceIds,
    counts: () => ({ keys: keys.count(), sessions: sessions.count() }),
  };
};

type At = NonNullable<ReturnType<typeof parseAccessSubject>>;

/** Why a message is not taken: what it holds has to be what its subject names. */
const problemOf = (read: ReturnType<typeof readAccessRecord>, at: At): string | undefined => {
  if (read.kind === "invalid") return read.message;
  const { record } = read;
  if (record.kind === "deleted") return undefined;
  const id = record.kind === "key" ? record.key_id : record.session_id;
  const kind = record.kind === "key" ? "key" : "session";
  const isNamed = kind === at.kind && id === at.id && record.workspace_id === at.workspaceId;
  return isNamed ? undefined : "holds another one than its subject names";
};

/** Things by id and by workspace. */
const createShelf = <T>(keptAfterEndMs: number) => {
  const byId = new Map<string, Known<T>>();
  const byWorkspace = new Map<string, Map<string, Known<T>>>();
  const remove = (id: string, workspaceId: string): void => {
    // What another workspace has under this id stays.
    if (byId.get(id)?.credential.workspaceId !== workspaceId) return;
    byId.delete(id);
    const own = byWorkspace.get(workspaceId);
    own?.delete(id);
    if (own?.size === 0) byWorkspace.delete(workspaceId);
  };
  return {
    find: (id: string) => byId.get(id),
    of: (workspaceId: string) => [...(byWorkspace.get(workspaceId)?.values() ?? [])],
    count: () => byId.size,
    workspaceIds: () => byWorkspace.keys(),
    set: (one: Known<T>): void => {
      const { id, workspaceId } = one.credential;
      const own = byWorkspace.get(workspaceId) ?? new Map<string, Known<T>>();
      byId.set(id, one);
      byWorkspace.set(workspaceId, own.set(id, one));
    },
    remove,
    dropEnded: (nowMs: number): void => {
      for (const { credential } of byId.values()) {
        const { id, workspaceId, expiresAtMs = Infinity } = credential;
        if (expiresAtMs + keptAfterEndMs <= nowMs) remove(id, workspaceId);
      }
    },
  };
};
