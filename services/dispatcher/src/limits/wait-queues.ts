const EMPTY: readonly never[] = [];

/** Requests that wait in memory: a queue for each key, served round-robin. */
export const createWaitQueues = <T>() => {
  /** The queue that is served next comes first; a drain removes queues that trimming has emptied. */
  const queues = new Map<string, T[]>();
  let size = 0;

  return {
    size: () => size,
    get: (key: string): readonly T[] => queues.get(key) ?? EMPTY,
    enqueue: (key: string, item: T): void => {
      const queue = queues.get(key);
      if (queue === undefined) queues.set(key, [item]);
      else queue.push(item);
      size += 1;
    },
    /**
     * Serves queues from their heads, round-robin: makes up to `maxChecks` checks, by default one of each queue.
     * `serve` returns false for an item that has to wait on.
     */
    drain: (serve: (item: T) => boolean, maxChecks = queues.size): void => {
      let left = maxChecks;
      for (const [key, queue] of queues) {
        if (left === 0) return;
        left -= 1;
        while (queue[0] !== undefined && serve(queue[0])) {
          queue.shift();
          size -= 1;
        }
        queues.delete(key);
        if (queue.length > 0) queues.set(key, queue); // behind the others
      }
    },
    /** Drops from the tails; `drop` returns false for an item that stays; `ahead` counts the items before it. */
    trim: (drop: (item: T, ahead: number) => boolean): void => {
      for (const queue of queues.values()) {
        for (let last = queue.at(-1); last !== undefined; last = queue.at(-1)) {
          if (!drop(last, queue.length - 1)) break;
          queue.pop();
          size -= 1;
        }
      }
    },
    /** Empties all queues and returns what was in them. */
    clear: (): readonly T[] => {
      const all = [...queues.values()].flat();
      queues.clear();
      size = 0;
      return all;
    },
  };
};
