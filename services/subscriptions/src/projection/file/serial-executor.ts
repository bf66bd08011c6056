import { setImmediate as nextTurn } from "node:timers/promises";

/** One piece of work for each turn of the event loop, in the order in which it was given. */
export type Turns = <T>(work: () => T) => Promise<T>;

/** How long one piece may take: requests that come meanwhile wait for that long. */
export const SLICE_MS = 3;

/**
 * The database works while everything else waits, and several streams are applied to it side by side:
 * without taking turns their pieces would come right after each other.
 */
export const turns = (onError: (error: unknown) => void): Turns => {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(() => nextTurn()).then(work);
    last = mine.catch(onError); // whoever gave the work hears of it too
    return mine;
  };
};
