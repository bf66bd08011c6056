import type { StoredKey, StoredSession } from "@ringback/contracts/access/access-record";
import type { Credential } from "../http/auth/credential.ts";
import { isPermission, permissionsOf, type Permission } from "../http/auth/permissions.ts";

/** A key of ACCESS as it is known in memory. */
export const credentialOfKey = (stored: StoredKey): Credential => ({
  kind: "key",
  id: stored.key_id,
  workspaceId: stored.workspace_id,
  permissions: permissionsIn(stored.scopes),
  digests: stored.secrets.map(({ sha256, until }) => ({
    sha256,
    ...(until === undefined ? {} : { untilMs: Date.parse(until) }),
  })),
  ...(stored.agents === undefined ? {} : { agents: new Set(stored.agents) }),
  ...(stored.expires_at === undefined ? {} : { expiresAtMs: Date.parse(stored.expires_at) }),
  actor: stored.key_id,
  seed: stored.seed,
  name: stored.name,
});

/** A session of ACCESS as it is known in memory. */
export const credentialOfSession = (stored: StoredSession): Credential => {
  const { kind, session_id: id, subject, name, theme, origin, created_by } = stored;
  return {
    kind,
    id,
    workspaceId: stored.workspace_id,
    permissions: permissionsIn(stored.permissions),
    digests: [{ sha256: stored.sha256 }],
    ...(stored.agents === undefined ? {} : { agents: new Set(stored.agents) }),
    ...(stored.roles === undefined
      ? {}
      : {
          roles: stored.roles.map((role) => ({
            workspaceId: role.workspace_id,
            permissions: permissionsIn(role.permissions),
          })),
        }),
    expiresAtMs: Date.parse(stored.expires_at),
    ...(created_by.key_id === undefined ? {} : { madeByKey: created_by.key_id }),
    actor: kind === "person" ? `person:${subject ?? id}` : `portal:${id}`,
    seed: stored.sha256,
    ...(name === undefined ? {} : { name }),
    ...(subject === undefined ? {} : { subject }),
    ...(theme === undefined ? {} : { theme }),
    ...(origin === undefined ? {} : { origin }),
  };
};

/** One set for all that have the same: thousands of sessions do. */
const sets = new Map<string, ReadonlySet<Permission>>();

const permissionsIn = (names: readonly string[]): ReadonlySet<Permission> => {
  const granted = names.filter(isPermission).toSorted();
  const id = [...new Set(granted)].join(" ");
  const known = sets.get(id) ?? permissionsOf(granted);
  sets.set(id, known);
  return known;
};
