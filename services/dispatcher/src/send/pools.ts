/** Something that is open and can be closed, such as the connections to one endpoint. */
type Closable = { readonly close: () => Promise<void>; readonly destroy: () => Promise<void> };

/** A pool in use; `done` gives it back. */
export type InUse<Pool> = { readonly pool: Pool; readonly done: () => void };

export type Pools<Pool> = {
  readonly use: (workspaceId: string, origin: string) => InUse<Pool>;
  readonly size: () => number;
  readonly destroy: () => Promise<void>;
};

export type PoolLimits<Pool> = {
  readonly open: (workspaceId: string, origin: string) => Pool;
  /** Held to as long as no more than this many are in use at once. */
  readonly maxPools: number;
  readonly idleMs: number;
  readonly now: () => number;
};

type Entry<Pool> = { readonly pool: Pool; users: number; idleSinceMs: number };

/**
 * One pool of connections for each workspace and origin: no workspace is served over a connection that
 * another one's request opened. Bounded in number, as customers choose origins: the one that
 * was idle longest goes first, and one that has been idle for `idleMs` goes with the next use of any.
 */
export const createPools = <Pool extends Closable>(limits: PoolLimits<Pool>): Pools<Pool> => {
  const { open, maxPools, idleMs, now } = limits;
  // Those in use stand in no order; among the idle ones, the one idle longest comes first.
  const entries = new Map<string, Entry<Pool>>();

  const makeRoom = (): void => {
    for (const [key, { pool, users, idleSinceMs }] of entries) {
      if (users > 0) continue;
      if (entries.size < maxPools && now() - idleSinceMs < idleMs) return;
      entries.delete(key);
      void pool.close();
    }
  };

  const release = (key: string, entry: Entry<Pool>): void => {
    entry.users -= 1;
    if (entry.users > 0 || entries.get(key) !== entry) return;
    entry.idleSinceMs = now();
    entries.delete(key); // to the end: it is the one idle shortest
    entries.set(key, entry);
  };

  return {
    use: (workspaceId, origin) => {
      const key = `${workspaceId} ${origin}`;
      let entry = entries.get(key);
      if (entry === undefined) {
        makeRoom();
        entry = { pool: open(workspaceId, origin), users: 0, idleSinceMs: 0 };
        entries.set(key, entry);
      }
      const used = entry;
      used.users += 1;
      return { pool: used.pool, done: () => release(key, used) };
    },
    size: () => entries.size,
    destroy: async () => {
      const all = [...entries.values()].map(({ pool }) => pool.destroy());
      entries.clear();
      await Promise.all(all);
    },
  };
};
