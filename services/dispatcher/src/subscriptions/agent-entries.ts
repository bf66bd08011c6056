import type { Subscription } from "@ringback/contracts/agents/subscription";
import { parseSubscriptionSubject } from "@ringback/contracts/streams/subjects";
import type { knownWorkspaces } from "./known-workspaces.ts";
import { recentlyDeleted } from "./recently-deleted.ts";

/** One agent in the view. */
export type AgentEntry = {
  readonly seq: number;
  /** As an agent of calls; the workspace's own does not count. */
  readonly registered: boolean;
  readonly subscriptions: readonly Subscription[];
};

/** Agents by their subject; deleted ones take no memory. */
export const agentEntries = (workspaces: Pick<ReturnType<typeof knownWorkspaces>, "count">) => {
  const known = new Map<string, AgentEntry>();
  const deleted = recentlyDeleted();
  const counts = { agents: 0, subscriptions: 0 };
  const count = ({ registered, subscriptions }: AgentEntry, by: 1 | -1): void => {
    counts.agents += by * Number(registered);
    counts.subscriptions += by * subscriptions.length;
  };
  return {
    get: (subject: string): AgentEntry | undefined => known.get(subject),
    /** Applies a message, unless the same or a later one was applied before. */
    apply: (subject: string, entry: AgentEntry, nowMs: number): void => {
      const before = known.get(subject);
      if ((before?.seq ?? deleted.seqOf(subject)) >= entry.seq) return;
      if (before !== undefined) count(before, -1);
      count(entry, 1);
      const isThere = entry.registered || entry.subscriptions.length > 0;
      if (isThere) known.set(subject, entry);
      else known.delete(subject);
      const { workspaceId } = parseSubscriptionSubject(subject) ?? {};
      if (workspaceId !== undefined)
        workspaces.count(workspaceId, Number(isThere) - Number(before !== undefined));
      deleted.note(subject, isThere ? undefined : entry.seq, nowMs);
    },
    counts: (): Readonly<typeof counts> => counts,
    /** How many are kept, recently deleted ones included. */
    size: () => known.size + deleted.size(),
  };
};
