import type { Subscription } from "@ringback/contracts/agents/subscription";

/** One agent in the view. */
export type AgentEntry = {
  readonly seq: number;
  /** As an agent of calls; the workspace's own does not count. */
  readonly registered: boolean;
  readonly subscriptions: readonly Subscription[];
};

/** A message that is read beside the view takes less than this: it revives no deleted agent. */
const DELETED_TTL_MS = 60_000;

/** Agents by their subject; deleted ones take no memory. */
export const agentEntries = () => {
  const known = new Map<string, AgentEntry>();
  const deleted = new Map<string, { readonly seq: number; readonly atMs: number }>();
  const counts = { agents: 0, subscriptions: 0 };
  const count = ({ registered, subscriptions }: AgentEntry, by: 1 | -1): void => {
    counts.agents += by * Number(registered);
    counts.subscriptions += by * subscriptions.length;
  };
  const forgetDeleted = (nowMs: number): void => {
    for (const [subject, { atMs }] of deleted) {
      if (nowMs - atMs < DELETED_TTL_MS) return; // in the order of their deletion
      deleted.delete(subject);
    }
  };
  return {
    get: (subject: string): AgentEntry | undefined => known.get(subject),
    /** Applies a message, unless the same or a later one was applied before. */
    apply: (subject: string, entry: AgentEntry, nowMs: number): void => {
      const before = known.get(subject);
      if ((before ?? deleted.get(subject) ?? { seq: 0 }).seq >= entry.seq) return;
      forgetDeleted(nowMs);
      deleted.delete(subject);
      if (before !== undefined) count(before, -1);
      count(entry, 1);
      if (entry.registered || entry.subscriptions.length > 0) known.set(subject, entry);
      else {
        known.delete(subject);
        deleted.set(subject, { seq: entry.seq, atMs: nowMs });
      }
    },
    counts: (): Readonly<typeof counts> => counts,
    /** How many are kept, recently deleted ones included. */
    size: () => known.size + deleted.size,
  };
};
