/** How many lookups may run at once, and how long one waits for its turn. */
export type LookupLimits = {
  readonly perWorkspace: number;
  readonly inAll: number;
  readonly waitMs: number;
};

/** Gives a slot back. */
export type Release = () => void;

/** Waits for a slot; undefined when none was free in time. */
export type LookupSlots = (workspaceId: string) => Promise<Release | undefined>;

type Waiter = { readonly workspaceId: string; readonly admit: (release: Release) => void };

/**
 * A cap of lookups for each workspace and for all. Without it a customer whose name servers hang
 * would hold up everybody's names: eight hanging names delayed every other `dns.lookup` by 40 s.
 */
export const lookupSlots = ({ perWorkspace, inAll, waitMs }: LookupLimits): LookupSlots => {
  const running = new Map<string, number>();
  const waiters = new Set<Waiter>();
  let total = 0;

  const hasRoom = (workspaceId: string): boolean =>
    total < inAll && (running.get(workspaceId) ?? 0) < perWorkspace;

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

  const admitNext = (): void => {
    for (const waiter of waiters) {
      if (total >= inAll) return;
      if (!hasRoom(waiter.workspaceId)) continue;
      waiters.delete(waiter);
      waiter.admit(take(waiter.workspaceId));
    }
  };

  return (workspaceId) => {
    if (hasRoom(workspaceId)) return Promise.resolve(take(workspaceId));
    return new Promise((resolve) => {
      const waiter: Waiter = {
        workspaceId,
        admit: (release) => {
          clearTimeout(timer);
          resolve(release);
        },
      };
      const timer = setTimeout(() => {
        waiters.delete(waiter);
        resolve(undefined);
      }, waitMs);
      waiters.add(waiter);
    });
  };
};
