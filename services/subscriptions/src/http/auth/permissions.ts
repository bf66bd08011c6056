/** What a key may be given; `admin` has all. */
export const SCOPES = ["read", "payloads", "write", "redeliver", "publish", "admin"] as const;

export type Scope = (typeof SCOPES)[number];

/** What a portal session may be given. */
export const CAPABILITIES = [
  "read",
  "payloads",
  "test",
  "redeliver",
  "endpoints",
  "secrets",
] as const;

type Capability = (typeof CAPABILITIES)[number];

/** What one call needs. Scopes of keys and capabilities of portal sessions are both turned into these. */
export type Permission = Scope | Capability;

/** False for what only a later version knows. */
export const isPermission = (name: string): name is Permission =>
  [...SCOPES, ...CAPABILITIES].some((known) => known === name);

/** What each scope and capability permits beside itself. All but `publish` include `read`. */
const INCLUDED: Readonly<Record<Permission, readonly Permission[]>> = {
  read: [],
  payloads: ["read"],
  test: ["read"],
  redeliver: ["read"],
  endpoints: ["read"],
  secrets: ["read"],
  write: ["read", "endpoints", "test", "secrets"],
  publish: [],
  admin: [...SCOPES, ...CAPABILITIES],
};

/** What somebody with these scopes or capabilities may do. */
export const permissionsOf = (granted: readonly Permission[]): ReadonlySet<Permission> =>
  new Set(granted.flatMap((one) => [one, ...INCLUDED[one]]));

/**
 * What a key of the file may do. Before there were further scopes, `read` showed payloads and `write` sent events again:
 * the keys that are in use keep what they were given.
 */
export const permissionsInFile = (scopes: readonly Scope[]): ReadonlySet<Permission> => {
  const beside = (scope: Scope): readonly Permission[] => {
    if (scope === "read") return ["payloads"];
    return scope === "write" ? ["payloads", "redeliver"] : [];
  };
  return permissionsOf(scopes.flatMap((scope) => [scope, ...beside(scope)]));
};
