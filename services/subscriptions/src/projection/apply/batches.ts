import { setImmediate as nextTick } from "node:timers/promises";

const NOTHING_MORE = Symbol("nothing more in this tick");

/**
 * The same items in batches of those that one tick of the event loop brings, at most `max`: a single item
 * does not wait, and thousands do not come one by one. (The client cannot say how many more it has: its
 * count includes its own notes to itself.)
 */
export async function* batches<T>(items: AsyncIterable<T>, max: number): AsyncGenerator<T[]> {
  const iterator = items[Symbol.asyncIterator]();
  try {
    let next = iterator.next();
    for (let first = await next; first.done !== true; first = await next) {
      const batch = [first.value];
      next = iterator.next();
      const endOfTick = nextTick(NOTHING_MORE);
      while (batch.length < max) {
        const more = await Promise.race([next, endOfTick]);
        if (more === NOTHING_MORE || more.done === true) break;
        batch.push(more.value);
        next = iterator.next();
      }
      yield batch;
    }
  } finally {
    await iterator.return?.();
  }
}
