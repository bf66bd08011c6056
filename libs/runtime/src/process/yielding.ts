import { setImmediate as nextTick } from "node:timers/promises";

/** Long enough that yielding costs little, short enough that requests do not notice. */
const SLICE_MS = 2;

/**
 * The same items, with a yield to the event loop every few milliseconds. Otherwise responses, time-outs and heartbeats
 * would wait while hundreds of messages that arrived together are started.
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
