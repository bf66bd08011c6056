import type { Subscription } from "@ringback/contracts/agents/subscription";

/** What is known of one agent. */
export type AgentEntry = {
  readonly seq: number;
  /** As an agent of calls: the workspace's own one does not count. */
  readonly registered: boolean;
  readonly subscriptions: readonly Subscription[];
};

/** Agents by their subject; those that are gone take no room. */
export type AgentEntries = {
  readonly get: (subject: string) => AgentEntry | undefined;
  /** Takes what a message says, unless one that is not older said so before. */
  readonly apply: (subject: string, entry: AgentEntry, nowMs: number) => void;
  readonly counts: () => { readonly agents: number; readonly subscriptions: number };
  /** How many are kept, those that are just gone too. */
  readonly size: () => number;
};

/** Longer than a single message, read beside the view, is under way: it brings no agent back. */
const GONE_REMEMBERED_MS = 60_000;

export const agentEntries = (): AgentEntries => {
  const known = new Map<string, AgentEntry>();
  const gone = new Map<string, { readonly seq: number; readonly atMs: number }>();
  const counts = { agents: 0, subscriptions: 0 };
  const count = ({ registered, subscriptions }: AgentEntry, by: 1 | -1): void => {
    counts.agents += by * Number(registered);
    counts.subscriptions += by * subscriptions.length;
  };
  const forgetGone = (nowMs: number): void => {
    for (const [subject, { atMs }] of gone) {
      if (nowMs - atMs < GONE_REMEMBERED_MS) return; // in the order in which they went
      gone.delete(subject);
    }
  };
  return {
    get: (subject) => known.get(subject),
    apply: (subject, entry, nowMs) => {
      const before = known.get(subject);
      if ((before ?? gone.get(subject) ?? { seq: 0 }).seq >= entry.seq) return;
      forgetGone(nowMs);
      gone.delete(subject);
      if (before !== undefined) count(before, -1);
      count(entry, 1);
      if (entry.registered || entry.subscriptions.length > 0) known.set(subject, entry);
      else {
        known.delete(subject);
        gone.set(subject, { seq: entry.seq, atMs: nowMs });
      }
    },
    counts: () => counts,
    size: () => known.size + gone.size,
  };
};
