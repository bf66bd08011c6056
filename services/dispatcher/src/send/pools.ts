type Closable = { readonly close: () => Promise<void>; readonly destroy: () => Promise<void> };

/** A pool in use, until `done` is called. */
type InUse<Pool> = { readonly pool: Pool; readonly done: () => void };

export type Pools<Pool> = {
  readonly use: (workspaceId: string, origin: string) => InUse<Pool>;
  readonly size: () => number;
  readonly destroy: () => Promise<void>;
};

export type PoolLimits<Pool> = {
  readonly open: (workspaceId: string, origin: string) => Pool;
  /** Exceeded only where more than this many are in use at once. */
  readonly maxPools: number;
  readonly idleMs: number;
  readonly now: () => number;
};

type Entry<Pool> = {
  readonly workspaceId: string;
  readonly pool: Pool;
  users: number;
  idleSinceMs: number;
};

/**
 * One pool of connections for each workspace and origin: workspaces never share a connection. Bounded in number, as
 * customers choose origins: closes the longest idle pool first, of workspaces with more than their share. Each new
 * pool also closes those idle for `idleMs`.
 */
export const createPools = <Pool extends Closable>(limits: PoolLimits<Pool>): Pools<Pool> => {
  const { open, maxPools, idleMs, now } = limits;
  // In no order while in use; of the idle ones, the longest idle comes first.
  const entries = new Map<string, Entry<Pool>>();

  const counts = new Map<string, number>();

  const count = (workspaceId: string, change: 1 | -1): void => {
    const left = (counts.get(workspaceId) ?? 0) + change;
    if (left === 0) counts.delete(workspaceId);
    else counts.set(workspaceId, left);
  };
  const close = (key: string, { workspaceId, pool }: Entry<Pool>): void => {
    entries.delete(key);
    count(workspaceId, -1);
    void pool.close();
  };
  const closeIdle = (mayClose: (entry: Entry<Pool>) => boolean): void => {
    for (const [key, entry] of entries) {
      if (entry.users === 0 && mayClose(entry)) close(key, entry);
    }
  };
  /** For one more of this workspace, which is counted already. */
  const makeRoom = (): void => {
    const share = maxPools / counts.size;
    const nowMs = now();
    const isOld = ({ idleSinceMs }: Entry<Pool>): boolean => nowMs - idleSinceMs >= idleMs;
    const isBeyondShare = ({ workspaceId }: Entry<Pool>): boolean =>
      (counts.get(workspaceId) ?? 0) > share;
    const isFull = (): boolean => entries.size >= maxPools;
    closeIdle(isOld);
    if (isFull()) closeIdle((entry) => isFull() && isBeyondShare(entry));
    if (isFull()) closeIdle(isFull);
  };

  const release = (key: string, entry: Entry<Pool>): void => {
    entry.users -= 1;
    if (entry.users > 0 || entries.get(key) !== entry) return;
    entry.idleSinceMs = now();
    entries.delete(key); // to the end: idle for the shortest time
    entries.set(key, entry);
  };

  return {
    use: (workspaceId, origin) => {
      const key = `${workspaceId} ${origin}`;
      let entry = entries.get(key);
      if (entry === undefined) {
        count(workspaceId, 1);
        makeRoom();
        entry = { workspaceId, pool: open(workspaceId, origin), users: 0, idleSinceMs: 0 };
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
      counts.clear();
      await Promise.all(all);
    },
  };
};
