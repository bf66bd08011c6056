import { setImmediate as nextTurn } from "node:timers/promises";

/** Long enough that turning costs nothing, short enough that nobody notices who waits meanwhile. */
const SLICE_MS = 2;

/**
 * The same items, with a turn of the event loop whenever those since the last one took some
 * milliseconds. Hundreds of messages that arrive together would otherwise be begun in one go, while
 * answers, time-outs and heartbeats wait.
 */
export async function* inSlices<T>(items: AsyncIterable<T>, sliceMs = SLICE_MS): AsyncGenerator<T> {
  let beganMs = performance.now();
  for await (const item of items) {
    if (performance.now() - beganMs > sliceMs) {
      await nextTurn();
      beganMs = performance.now();
    }
    yield item;
  }
}
