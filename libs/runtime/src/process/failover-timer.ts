/** Longer than electing a leader takes. */
const FAIL_OVER_AFTER_MS = 6_000;
const MAX_FAIL_OVER_AFTER_MS = 60_000;

/**
 * Tells when a server has been of no use for so long that the client should try another one. Waits longer
 * each time: when no server is of use, going from one to the other only costs.
 */
export const failoverTimer = (): ((isUsable: boolean, nowMs: number) => boolean) => {
  let unusableSinceMs: number | undefined;
  let afterMs = FAIL_OVER_AFTER_MS;
  return (isUsable, nowMs) => {
    if (isUsable) {
      unusableSinceMs = undefined;
      afterMs = FAIL_OVER_AFTER_MS;
      return false;
    }
    unusableSinceMs ??= nowMs;
    if (nowMs - unusableSinceMs < afterMs) return false;
    unusableSinceMs = nowMs;
    afterMs = Math.min(2 * afterMs, MAX_FAIL_OVER_AFTER_MS);
    return true;
  };
};
