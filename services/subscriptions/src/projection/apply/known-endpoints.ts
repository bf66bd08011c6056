import type { DatabaseSync } from "node:sqlite";
import { endpointHash } from "../file/ids.ts";

/** An endpoint as messages name it. */
type Named = {
  readonly workspaceId: string;
  /** The workspace's number. */
  readonly workspace: number;
  readonly endpointId: string;
  readonly uid: string | undefined;
};

/**
 * Keeps the id and uid of each endpoint once, as very many rows have it; a uid never changes. The function
 * returned gives the endpoint's hash.
 */
export const keepEndpoint = (db: DatabaseSync) => {
  const keep = db.prepare(`
    INSERT INTO endpoints (hash, workspace, name, uid) VALUES (?, ?, ?, ?)
    ON CONFLICT (hash) DO UPDATE SET uid = excluded.uid WHERE uid IS NULL AND excluded.uid IS NOT NULL`);
  return ({ workspaceId, workspace, endpointId, uid }: Named): number => {
    const hash = endpointHash(workspaceId, endpointId);
    keep.run(hash, workspace, endpointId, uid ?? null);
    return hash;
  };
};
