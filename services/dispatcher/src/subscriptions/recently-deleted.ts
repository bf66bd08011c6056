/** A message that is read beside the view takes less than this: it revives nothing that was deleted. */
const DELETED_TTL_MS = 60_000;

/** What was deleted a moment ago, by its subject, so that an older message that is read late does not bring it back. */
export const recentlyDeleted = () => {
  const deleted = new Map<string, { readonly seq: number; readonly atMs: number }>();
  const forget = (nowMs: number): void => {
    for (const [subject, { atMs }] of deleted) {
      if (nowMs - atMs < DELETED_TTL_MS) return; // in the order of their deletion
      deleted.delete(subject);
    }
  };
  return {
    /** The sequence of the message that deleted it; 0: none did, as far as is remembered. */
    seqOf: (subject: string): number => deleted.get(subject)?.seq ?? 0,
    /** The latest message on a subject; `seq` undefined: it says that there is something. */
    note: (subject: string, seq: number | undefined, nowMs: number): void => {
      forget(nowMs);
      deleted.delete(subject);
      if (seq !== undefined) deleted.set(subject, { seq, atMs: nowMs });
    },
    size: (): number => deleted.size,
  };
};
