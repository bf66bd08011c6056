/** A retry costs a few messages on NATS: no sooner than this. */
const MIN_DEFERRAL_MS = 250;

/** The delay after a futile wait in a queue: longer each time, as no slot is known. */
export const futileWaitDelayMs = (deferrals: number): number =>
  MIN_DEFERRAL_MS * 2 ** Math.min(deferrals, 7);

const FIRST_HORIZON_MS = 120_000;
const MAX_HORIZON_MS = 3_600_000;

/** Spreads calls evenly over [0, 1) by their time, without randomness. */
const spread = (nowMs: number): number => (nowMs * 0.618_033_988_749_895) % 1;

/** A request that got no permit and must be deferred. */
export type Deferral = {
  /** When an unreserved permit is free, in ms of a monotonic clock. */
  readonly freeAtMs: number;
  readonly slotIntervalMs: number;
  /** The interval is a guess: after at most this time more is known. */
  readonly recheckAfterMs?: number | undefined;
};

export type Slot = {
  readonly atMs: number;
  /** The next unreserved slot, in ms of a monotonic clock. */
  readonly nextFreeSlotMs: number;
};

/**
 * When the delivery should be retried, and the next unreserved slot. Slots follow each other at the pace of the
 * endpoint (or of the rate), so that each finds a permit.
 *
 * An endpoint may recover long before a slot far away. So the first deferral lasts at most 2 min, then 8 min, 32 min
 * and 1 h. A slot beyond that is not reserved: the retry comes at a time spread over the second half of
 * this limit. So does every retry while the interval is a guess.
 */
export const reserveSlot = (
  nextFreeSlotMs: number,
  { freeAtMs, slotIntervalMs, recheckAfterMs }: Deferral,
  deferrals: number,
  nowMs: number,
): Slot => {
  const slotMs = Math.max(nextFreeSlotMs, freeAtMs, nowMs + MIN_DEFERRAL_MS);
  const farthestMs = FIRST_HORIZON_MS * 4 ** Math.min(deferrals, 4);
  const horizonMs = Math.min(MAX_HORIZON_MS, farthestMs, recheckAfterMs ?? MAX_HORIZON_MS);
  if (recheckAfterMs === undefined && slotMs <= nowMs + horizonMs)
    return { atMs: Math.ceil(slotMs), nextFreeSlotMs: slotMs + slotIntervalMs };
  const atMs = nowMs + horizonMs * (0.5 + spread(nowMs) / 2);
  return { atMs: Math.ceil(atMs), nextFreeSlotMs };
};
