import type { ApiKeys } from "../http/auth/api-keys.ts";
import { hasEnded, type Credential } from "../http/auth/credential.ts";
import type { AccessIndex } from "./access-index.ts";

/** A key as people see it: no digest, and nothing that is derived from one. */
export type ShownKey = {
  readonly key_id: string;
  readonly name: string;
  readonly workspace_id: string;
  readonly scopes: readonly string[];
  readonly agents: readonly string[] | null;
  readonly source: "api" | "file";
  readonly state: "active" | "expired";
  readonly created_by: string | null;
  readonly created_at: string | null;
  readonly rotated_at: string | null;
  /** When the last of the secrets before ends that still counts. */
  readonly previous_valid_until: string | null;
  readonly expires_at: string | null;
};

/** Where a key is in the list. */
export type KeyPosition = Pick<ShownKey, "created_at" | "key_id">;

/** The keys of a workspace, those that the API made and those of the file. */
export type ShownKeys = {
  /** The newest first; those of the file have no time, and come last. */
  readonly page: (
    workspaceId: string,
    isVisible: (key: ShownKey) => boolean,
    limit: number,
    after: KeyPosition | undefined,
  ) => { readonly keys: readonly ShownKey[]; readonly hasMore: boolean };
  readonly find: (workspaceId: string, keyId: string) => ShownKey | undefined;
  /** Workspaces that keys are of; `*` may be among them. */
  readonly workspaceIds: () => Iterable<string>;
};

type ShownKeysDeps = {
  readonly index: Pick<AccessIndex, "keysIn" | "workspaceIds">;
  readonly fileKeys: () => ApiKeys;
  readonly now: () => Date;
};

export const shownKeys = (deps: ShownKeysDeps): ShownKeys => ({
  page: (workspaceId, isVisible, limit, after) => {
    const behind = allIn(workspaceId, deps)
      .filter((key) => isVisible(key) && (after === undefined || isBehind(key, after)))
      .toSorted((a, b) => (isBehind(a, b) ? 1 : -1));
    return { keys: behind.slice(0, limit), hasMore: behind.length > limit };
  },
  workspaceIds: () => [
    ...deps.index.workspaceIds(),
    ...[...deps.fileKeys().values()].map(({ workspaceId }) => workspaceId),
  ],
  find: (workspaceId, keyId) => allIn(workspaceId, deps).find(({ key_id }) => key_id === keyId),
});

const isBehind = (key: KeyPosition, other: KeyPosition): boolean => {
  const [at, otherAt] = [key.created_at ?? "", other.created_at ?? ""];
  return at === otherAt ? key.key_id > other.key_id : at < otherAt;
};

const allIn = (workspaceId: string, { index, fileKeys, now }: ShownKeysDeps): ShownKey[] => {
  const nowMs = now().getTime();
  const made = index.keysIn(workspaceId).map(({ stored, credential }): ShownKey => {
    const { name, scopes, created_by, created_at } = stored;
    return {
      ...common(credential, nowMs),
      name,
      scopes,
      source: "api",
      created_by,
      created_at,
      rotated_at: stored.rotated_at ?? null,
      previous_valid_until: previousUntil(credential, nowMs),
    };
  });
  const ofFile = [...fileKeys().values()].filter((key) => key.workspaceId === workspaceId);
  const added = ofFile.map((key): ShownKey => ({
    ...common(key, nowMs),
    name: key.id,
    scopes: key.entry.scopes,
    source: "file",
    created_by: null,
    created_at: null,
    rotated_at: null,
    previous_valid_until: null,
  }));
  return [...made, ...added];
};

const common = (credential: Credential, nowMs: number) => {
  const { id, workspaceId, agents, expiresAtMs } = credential;
  return {
    key_id: id,
    workspace_id: workspaceId,
    agents: agents === undefined ? null : [...agents],
    state: hasEnded(credential, nowMs) ? ("expired" as const) : ("active" as const),
    expires_at: timeOf(expiresAtMs),
  };
};

const previousUntil = ({ digests }: Credential, nowMs: number): string | null => {
  const times = digests.flatMap(({ untilMs }) => untilMs ?? []).filter((ms) => ms > nowMs);
  return times.length === 0 ? null : timeOf(Math.max(...times));
};

const timeOf = (ms: number | undefined): string | null =>
  ms === undefined ? null : new Date(ms).toISOString();
