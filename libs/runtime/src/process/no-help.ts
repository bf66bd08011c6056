/** Longer than electing a leader takes. */
const LEAVE_AFTER_MS = 6_000;
const MAX_LEAVE_AFTER_MS = 60_000;

/**
 * Tells when a server was no help for so long that another one is to be tried. It waits longer each time:
 * where no server is any, going from one to the other only costs.
 */
export const noHelpWatch = (): ((isHelp: boolean, nowMs: number) => boolean) => {
  let noHelpSinceMs: number | undefined;
  let leaveAfterMs = LEAVE_AFTER_MS;
  return (isHelp, nowMs) => {
    if (isHelp) {
      noHelpSinceMs = undefined;
      leaveAfterMs = LEAVE_AFTER_MS;
      return false;
    }
    noHelpSinceMs ??= nowMs;
    if (nowMs - noHelpSinceMs < leaveAfterMs) return false;
    noHelpSinceMs = nowMs;
    leaveAfterMs = Math.min(2 * leaveAfterMs, MAX_LEAVE_AFTER_MS);
    return true;
  };
};
