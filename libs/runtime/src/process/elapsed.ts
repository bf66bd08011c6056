/** The two clocks of a machine, in ms: one never jumps, and stands still while the machine sleeps. */
export type Clocks = { readonly monotonic: () => number; readonly wall: () => number };

/** A larger lead of the wall clock means that the monotonic clock stood still. */
const NOTICED_FROM_MS = 1_000;

/**
 * A clock for ages, sleep included. In a stopped process (SIGSTOP) the monotonic clock goes on. While a machine
 * sleeps (a lid, a frozen VM) only the wall clock goes on. A wall clock that is set forward looks the same, so
 * ages seem too long rather than too short; set back, it has no effect.
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
