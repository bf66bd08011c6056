/** The two clocks of a machine, in ms. The monotonic one never jumps, and stops while the machine sleeps. */
export type Clocks = { readonly monotonic: () => number; readonly wall: () => number };

/** When the wall clock gains more than this, the monotonic clock had stopped. */
const NOTICED_FROM_MS = 1_000;

/**
 * A clock for ages, sleep included. While a machine sleeps (a lid, a frozen VM) only its wall clock goes on. Setting
 * the wall clock forward looks the same, so that ages are too long rather than too short; setting it back has no
 * effect.
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
