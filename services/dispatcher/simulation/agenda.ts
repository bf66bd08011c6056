/** Steps in virtual time: a binary heap. */
export type Agenda = {
  readonly at: (timeMs: number, run: () => void) => void;
  /** Runs all steps in the order of time, those added meanwhile too; promises that one resolves are handled first. */
  readonly run: (onTime: (timeMs: number) => void) => Promise<void>;
};

type Item = { readonly timeMs: number; readonly nth: number; readonly run: () => void };

const isBefore = (a: Item, b: Item): boolean =>
  a.timeMs < b.timeMs || (a.timeMs === b.timeMs && a.nth < b.nth);

export const createAgenda = (): Agenda => {
  const heap: Item[] = [];
  let count = 0;
  const itemAt = (n: number): Item => {
    const item = heap[n];
    if (item === undefined) throw new Error(`the agenda has no item ${n} of ${heap.length}`);
    return item;
  };
  const swap = (a: number, b: number): void => {
    const kept = itemAt(a);
    heap[a] = itemAt(b);
    heap[b] = kept;
  };

  const rise = (from: number): void => {
    for (let n = from; n > 0;) {
      const parent = (n - 1) >> 1;
      if (!isBefore(itemAt(n), itemAt(parent))) return;
      swap(n, parent);
      n = parent;
    }
  };

  const sink = (): void => {
    for (let n = 0; ;) {
      const children = [2 * n + 1, 2 * n + 2].filter((child) => child < heap.length);
      const [a, b = a] = children;
      if (a === undefined || b === undefined) return;
      const earliest = isBefore(itemAt(b), itemAt(a)) ? b : a;
      if (!isBefore(itemAt(earliest), itemAt(n))) return;
      swap(n, earliest);
      n = earliest;
    }
  };

  const next = (): Item | undefined => {
    const [top] = heap;
    const last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top;
    heap[0] = last;
    sink();
    return top;
  };

  return {
    at: (timeMs, run) => {
      count += 1;
      heap.push({ timeMs, nth: count, run });
      rise(heap.length - 1);
    },
    run: async (onTime) => {
      for (let item = next(); item !== undefined; item = next()) {
        onTime(item.timeMs);
        item.run();
        await Promise.resolve();
      }
    },
  };
};
