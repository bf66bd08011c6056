/** Runs work, at most `max` at once; the rest waits, and begins in the order of the calls. */
export const concurrencyLimit = (max: number): (<T>(work: () => Promise<T>) => Promise<T>) => {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running < max) running += 1;
    else await new Promise<void>((begin) => waiting.push(begin));
    try {
      return await work();
    } finally {
      const begin = waiting.shift();
      if (begin === undefined) running -= 1;
      else begin(); // `running` stays: one ends, one begins
    }
  };
};

/**
 * The results of `work` on each item, in the items' order; at most `max` items are worked on at once. After
 * a failure no more work begins, and the promise rejects.
 */
export const mapConcurrently = async <T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  max: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> => {
  const results: R[] = [];
  const queue = numbered(items); // a loop that throws closes it for all workers
  const worker = async (): Promise<void> => {
    for await (const [n, item] of queue) results[n] = await work(item);
  };
  await Promise.all(Array.from({ length: max }, worker));
  return results;
};

async function* numbered<T>(
  items: Iterable<T> | AsyncIterable<T>,
): AsyncGenerator<readonly [number, T]> {
  let n = 0;
  for await (const item of items) {
    yield [n, item];
    n += 1;
  }
}

/** Work that goes on beside the caller's. */
export type Background = {
  /** Aborts the work's signal; resolves when the work has ended. */
  readonly stop: () => Promise<void>;
};

/** Begins `work`, which goes on until its signal is aborted, or until it ends by itself. */
export const inBackground = (work: (stopping: AbortSignal) => Promise<void>): Background => {
  const stopping = new AbortController();
  const ended = work(stopping.signal);
  return {
    stop: async () => {
      stopping.abort();
      await ended;
    },
  };
};

/** Resolves as `wanted` does, or to `otherwise` after `ms`. */
export const within = async <T, U>(
  ms: number,
  wanted: Promise<T>,
  otherwise: U,
): Promise<T | U> => {
  const late = Promise.withResolvers<U>();
  const timer = setTimeout(() => late.resolve(otherwise), ms);
  try {
    return await Promise.race([wanted, late.promise]);
  } finally {
    clearTimeout(timer);
  }
};
