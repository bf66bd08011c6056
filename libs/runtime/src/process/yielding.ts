import { setImmediate as nextTick } from "node:timers/promises";

/** Long enough that yielding costs nothing, short enough that requests do not notice. */
const SLICE_MS = 2;

/**
 * The same items; yields to the event loop after every few milliseconds. Otherwise hundreds of messages that
 * arrive together would start in one go, while responses, time-outs and heartbeats wait.
 */
export async function* withYields<T>(
  items: AsyncIterable<T>,
  sliceMs = SLICE_MS,
): AsyncGenerator<T> {
  let startMs = performance.now();
  for await (const item of items) {
    if (performance.now() - startMs > sliceMs) {
      await nextTick();
      startMs = performance.now();
    }
    yield item;
  }
}
