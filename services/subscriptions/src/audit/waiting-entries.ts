import type { AuditEntry } from "@ringback/contracts/audit/audit-entry";

/** Entries that could not be stored yet, in their order. */
export type WaitingEntries = {
  /** False: there is no room, for it or for its workspace. */
  readonly add: (entry: AuditEntry, sinceMs: number) => boolean;
  readonly first: () => { readonly entry: AuditEntry; readonly sinceMs: number } | undefined;
  readonly removeFirst: () => void;
};

/** Room for `max` entries, of which one workspace may take a quarter. */
export const waitingEntries = (max: number): WaitingEntries => {
  const waiting: { readonly entry: AuditEntry; readonly sinceMs: number }[] = [];
  const counts = new Map<string | undefined, number>();
  return {
    add: (entry, sinceMs) => {
      const ofWorkspace = counts.get(entry.workspace_id) ?? 0;
      if (waiting.length >= max || ofWorkspace >= max / 4) return false;
      waiting.push({ entry, sinceMs });
      counts.set(entry.workspace_id, ofWorkspace + 1);
      return true;
    },
    first: () => waiting[0],
    removeFirst: () => {
      const removed = waiting.shift();
      if (removed === undefined) return;
      const { workspace_id } = removed.entry;
      const left = (counts.get(workspace_id) ?? 1) - 1;
      if (left === 0) counts.delete(workspace_id);
      else counts.set(workspace_id, left);
    },
  };
};
