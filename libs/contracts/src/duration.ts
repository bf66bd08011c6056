const UNITS_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Anything longer is a typing error. Node.js timers hold 24 days only: settings for timers have a lower maximum. */
const MAX_MS = 366 * UNITS_MS.d;

/**
 * Milliseconds of a duration such as `500ms`, `10s`, `2m`, `1h` or `7d`; undefined for anything else, also for
 * more than a year.
 */
export const parseDurationMs = (text: string): number | undefined => {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim());
  if (!match) return undefined;
  const durationMs = Math.round(Number(match[1]) * UNITS_MS[match[2] as keyof typeof UNITS_MS]);
  return durationMs <= MAX_MS ? durationMs : undefined;
};
