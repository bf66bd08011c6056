import { setTimeout as wait } from "node:timers/promises";

/** Doubling waits from `firstMs` to at most `maxMs`: 100, 200, 400, … for `n` = 0, 1, 2, … */
export const backoffMs = (n: number, firstMs = 100, maxMs = 2_000): number =>
  Math.min(maxMs, firstMs * 2 ** Math.min(n, 30));

/** Resolves after `ms`, or at once when the signal is aborted; never rejects. */
export const pause = async (ms: number, signal?: AbortSignal): Promise<void> => {
  try {
    await wait(ms, undefined, { signal });
  } catch {
    // Aborted: the caller checks the signal.
  }
};
