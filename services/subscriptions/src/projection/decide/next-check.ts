const FIRST_MS = 5_000;
const LONGEST_MS = 10 * 60_000;

/**
 * When to look again for what is to come of an event that waits, in ms since 1970: after a quarter of
 * its age, so that many that wait for long are looked at seldom.
 */
export const nextLookMs = (storedAtMs: number, nowMs: number): number =>
  nowMs + Math.min(LONGEST_MS, Math.max(FIRST_MS, (nowMs - storedAtMs) / 4));
