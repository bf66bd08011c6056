/** How many lookups may run at once, and how long one waits for its turn at most. */
export type LookupLimits = {
  /** Each workspace has as many for itself; of the others, as many as are free. */
  readonly perWorkspace: number;
  readonly inAll: number;
  readonly waitMs: number;
};

/** Gives a slot back. */
export type Release = () => void;

/** Waits for a slot; undefined when none was free in time. */
export type LookupSlots = (workspaceId: string, waitMs?: number) => Promise<Release | undefined>;

type Waiter = (release: Release) => void;

/**
 * A share of the lookups for each workspace, and a cap for all. Without it a customer whose name servers
 * hang would hold up everybody's names: eight hanging names delayed every other `dns.lookup` by 40 s. One
 * workspace alone may have half of all (a dynamic threshold, as for attempts: docs/adr/0012).
 */
export const lookupSlots = (limits: LookupLimits): LookupSlots => {
  const { perWorkspace, inAll } = limits;
  const running = new Map<string, number>();
  /** Who waits, by workspace; the workspace whose turn is next comes first. */
  const lines = new Map<string, Set<Waiter>>();
  let total = 0;

  const hasRoom = (workspaceId: string): boolean =>
    total < inAll && (running.get(workspaceId) ?? 0) < Math.max(perWorkspace, inAll - total);

  const take = (workspaceId: string): Release => {
    total += 1;
    running.set(workspaceId, (running.get(workspaceId) ?? 0) + 1);
    return () => {
      total -= 1;
      const left = (running.get(workspaceId) ?? 1) - 1;
      if (left === 0) running.delete(workspaceId);
      else running.set(workspaceId, left);
      admitNext();
    };
  };

  const leave = (workspaceId: string, waiter: Waiter): void => {
    const line = lines.get(workspaceId);
    line?.delete(waiter);
    if (line?.size === 0) lines.delete(workspaceId);
  };

  const admitNext = (): void => {
    for (const [workspaceId, line] of lines) {
      if (total >= inAll) return;
      const [waiter] = line;
      if (waiter === undefined || !hasRoom(workspaceId)) continue;
      lines.delete(workspaceId); // and behind the others: each workspace in turn
      lines.set(workspaceId, line);
      leave(workspaceId, waiter);
      waiter(take(workspaceId));
    }
  };

  return (workspaceId, waitMs = limits.waitMs) => {
    if (hasRoom(workspaceId)) return Promise.resolve(take(workspaceId));
    return new Promise((resolve) => {
      const waiter: Waiter = (release) => {
        clearTimeout(timer);
        resolve(release);
      };
      const timer = setTimeout(() => {
        leave(workspaceId, waiter);
        resolve(undefined);
      }, waitMs);
      const line = lines.get(workspaceId) ?? new Set();
      lines.set(workspaceId, line.add(waiter));
    });
  };
};
