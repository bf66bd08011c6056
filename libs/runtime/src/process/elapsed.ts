/** The two clocks of a machine, in ms: one never jumps, and stands still while the machine sleeps. */
export type Clocks = { readonly monotonic: () => number; readonly wall: () => number };

/** A wall clock that is further ahead than this has gone on while the monotonic one stood still. */
const NOTICED_FROM_MS = 1_000;

/**
 * A clock for how long ago something was, also over a sleep. A stopped process (SIGSTOP) sees the
 * monotonic clock go on. One whose machine slept (a lid, a frozen VM) sees only the wall clock go on.
 * A wall clock that is set forward looks the same and counts as time: whoever asks whether too
 * much time has passed is told yes. Set back, it counts for nothing.
 */
export const elapsedClock = ({ monotonic, wall }: Clocks): (() => number) => {
  let sleptMs = 0;
  let aheadMs = wall() - monotonic();
  return () => {
    const nowMs = monotonic();
    const nowAheadMs = wall() - nowMs;
    const jumpMs = nowAheadMs - aheadMs;
    if (jumpMs > NOTICED_FROM_MS) sleptMs += jumpMs;
    if (jumpMs > NOTICED_FROM_MS || jumpMs < 0) aheadMs = nowAheadMs;
    return nowMs + sleptMs;
  };
};

/** Ms since some time in the past, sleep included. */
export const elapsedMs = elapsedClock({ monotonic: () => performance.now(), wall: Date.now });
