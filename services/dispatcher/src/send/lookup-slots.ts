/** How many lookups may run at once, and how long one waits at most. */
export type LookupLimits = {
  /** Each workspace has as many for itself, and may use as many of the others' as are free. */
  readonly perWorkspace: number;
  readonly max: number;
  readonly waitMs: number;
};

/** Releases a slot. */
type Release = () => void;

type Waiter = (release: Release) => void;

/**
 * A share of the lookups for each workspace, and a cap for all. Without it a customer whose name servers
 * hang would hold up everybody's names: eight hanging names delayed every other `dns.lookup` by 40 s. One
 * workspace alone may have half of all (a dynamic threshold, as for attempts: docs/adr/0012). Returns a wait for
 * a slot: undefined when none was free in time.
 */
export const lookupSlots = (limits: LookupLimits) => {
  const { perWorkspace, max } = limits;
  const running = new Map<string, number>();
  /** Waiters by workspace; the workspace that is served next comes first. */
  const queues = new Map<string, Set<Waiter>>();
  let total = 0;

  const hasRoom = (workspaceId: string): boolean =>
    total < max && (running.get(workspaceId) ?? 0) < Math.max(perWorkspace, max - total);

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
    const queue = queues.get(workspaceId);
    queue?.delete(waiter);
    if (queue?.size === 0) queues.delete(workspaceId);
  };

  const admitNext = (): void => {
    for (const [workspaceId, queue] of queues) {
      if (total >= max) return;
      const [waiter] = queue;
      if (waiter === undefined || !hasRoom(workspaceId)) continue;
      queues.delete(workspaceId); // to the end: round-robin
      queues.set(workspaceId, queue);
      leave(workspaceId, waiter);
      waiter(take(workspaceId));
    }
  };

  return (workspaceId: string, waitMs = limits.waitMs): Promise<Release | undefined> => {
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
      const queue = queues.get(workspaceId) ?? new Set();
      queues.set(workspaceId, queue.add(waiter));
    });
  };
};
