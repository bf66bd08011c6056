import { setImmediate as nextTurn } from "node:timers/promises";

const NOTHING_MORE = Symbol("nothing more in this turn");

/**
 * The same items, those together that are there in one turn of the event loop, at most `most`: what
 * comes alone is not kept waiting, and what comes in thousands is not taken one by one. (How many more
 * are there cannot be asked: the client counts its own notes to itself among them.)
 */
export async function* bursts<T>(items: AsyncIterable<T>, most: number): AsyncGenerator<T[]> {
  const iterator = items[Symbol.asyncIterator]();
  try {
    let next = iterator.next();
    for (let first = await next; first.done !== true; first = await next) {
      const burst = [first.value];
      next = iterator.next();
      const turn = nextTurn(NOTHING_MORE);
      while (burst.length < most) {
        const more = await Promise.race([next, turn]);
        if (more === NOTHING_MORE || more.done === true) break;
        burst.push(more.value);
        next = iterator.next();
      }
      yield burst;
    }
  } finally {
    await iterator.return?.();
  }
}
