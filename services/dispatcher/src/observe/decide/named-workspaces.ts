/** A label for every workspace would grow the page of metrics without bound. */
const MAX_NAMED_WORKSPACES = 200;

/**
 * The workspaces that metrics name: all, or of more than 200 those whose ids have the lowest hash. Every dispatcher
 * knows the same workspaces, and so names the same; a workspace that is added takes the place of one other at most.
 */
export const namedWorkspaces = (ids: Iterable<string>): ReadonlySet<string> => {
  const hashed = [...ids].map((id) => ({ id, hash: hashOf(id) }));
  if (hashed.length <= MAX_NAMED_WORKSPACES) return new Set(hashed.map(({ id }) => id));
  const ordered = hashed.toSorted((a, b) => a.hash - b.hash || (a.id < b.id ? -1 : 1));
  return new Set(ordered.slice(0, MAX_NAMED_WORKSPACES).map(({ id }) => id));
};

/** FNV-1a with 32 bits, and a last mix, as ids that differ in their last digits only would lie side by side. */
const hashOf = (id: string): number => {
  let hash = 0x811c9dc5;
  for (let n = 0; n < id.length; n += 1) hash = Math.imul(hash ^ id.charCodeAt(n), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
};
