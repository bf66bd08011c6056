/** At most `perSecond` on average over any time, and at most `burst` at once. */
export type Rate = { readonly perSecond: number; readonly burst: number };

const intervalMs = ({ perSecond }: Rate): number => 1_000 / perSecond;

/**
 * When the next one conforms to the rate, in ms of a monotonic clock. `fullMs` is the virtual clock: the time at which
 * the whole burst is there again ("theoretical arrival time" of GCRA, ITU-T I.371).
 */
export const conformsFromMs = (fullMs: number, rate: Rate): number =>
  fullMs - (rate.burst - 1) * intervalMs(rate);

/** The virtual clock once one more was let through. */
export const clockAfter = (fullMs: number, rate: Rate, nowMs: number): number =>
  Math.max(fullMs, nowMs) + intervalMs(rate);

/** Coming back costs a few messages on NATS: no sooner than this. */
export const LEAST_DEFERRAL_MS = 250;

/** The wait of one that stood in line in vain: longer each time, as no slot is known for it. */
export const waitedInVainMs = (deferrals: number): number =>
  LEAST_DEFERRAL_MS * 2 ** Math.min(deferrals, 7);

const FIRST_HORIZON_MS = 120_000;
const MOST_HORIZON_MS = 3_600_000;

/** Spreads the times at which it is asked evenly over [0, 1), so that no chance is needed. */
const spread = (nowMs: number): number => (nowMs * 0.618_033_988_749_895) % 1;

/** A delivery that has no place. */
export type Homeless = {
  readonly nowMs: number;
  /** How often it was sent away before. */
  readonly deferrals: number;
  /** When a place is free that nobody was promised, in ms of a monotonic clock. */
  readonly freeAtMs: number;
  /** Time between two slots. */
  readonly paceMs: number;
  /** The pace is a guess: after at most this time more is known. */
  readonly guessedForMs?: number | undefined;
};

/**
 * The slot in which a delivery comes back, and the virtual clock behind it: the first time that nobody was promised.
 * Slots follow each other at the pace of the endpoint (or of the rate), so that each finds its place.
 *
 * An endpoint may be well again long before a slot far away, so the first time nobody is sent away
 * for more than 2 min, then 8 min, 32 min and 1 h. Who would come later than that comes spread over the second half
 * of this time, without a promise; so does everyone while the pace is a guess.
 */
export const slotOf = (
  clockMs: number,
  { nowMs, deferrals, freeAtMs, paceMs, guessedForMs }: Homeless,
): { readonly atMs: number; readonly clockMs: number } => {
  const slotMs = Math.max(clockMs, freeAtMs, nowMs + LEAST_DEFERRAL_MS);
  const farthestMs = FIRST_HORIZON_MS * 4 ** Math.min(deferrals, 4);
  const horizonMs = Math.min(MOST_HORIZON_MS, farthestMs, guessedForMs ?? MOST_HORIZON_MS);
  if (guessedForMs === undefined && slotMs <= nowMs + horizonMs)
    return { atMs: Math.ceil(slotMs), clockMs: slotMs + paceMs };
  const atMs = nowMs + horizonMs * (0.5 + spread(nowMs) / 2);
  return { atMs: Math.ceil(atMs), clockMs };
};
