import { GRANT, MAX_QUEUED_MS, QUEUE, type Admission } from "./admission.ts";

/** At most `perSecond` on average over any time, and at most `burst` at once. */
export type Rate = { readonly perSecond: number; readonly burst: number };

const intervalMs = ({ perSecond }: Rate): number => 1_000 / perSecond;

/**
 * When the next request conforms to the rate, in ms of a monotonic clock. `tatMs`: the theoretical arrival
 * time of GCRA (ITU-T I.371), at which the whole burst is available again.
 */
export const conformsFromMs = (tatMs: number, rate: Rate): number =>
  tatMs - (rate.burst - 1) * intervalMs(rate);

/** The theoretical arrival time after one more request. */
export const tatAfter = (tatMs: number, rate: Rate, nowMs: number): number =>
  Math.max(tatMs, nowMs) + intervalMs(rate);

/** With the whole burst unused for this long, the reservations lag behind what the rate allows. */
const MIN_UNUSED_MS = 500;

/** Deferred requests go before new ones, as in `admission`. */
export const rateAdmission = (
  rate: Rate,
  { tatMs, nextFreeSlotMs }: { readonly tatMs: number; readonly nextFreeSlotMs: number },
  hasPrecedence: boolean,
  nowMs: number,
): Admission => {
  const slotIntervalMs = intervalMs(rate);
  const freeAtMs = conformsFromMs(tatMs, rate);
  const isUnused = nowMs >= tatMs + Math.max(MIN_UNUSED_MS, 2 * slotIntervalMs);
  const isReserved = !hasPrecedence && nextFreeSlotMs > nowMs && !isUnused;
  if (freeAtMs <= nowMs && !isReserved) return GRANT;
  // Only a request that came in its slot, a moment early, waits for it.
  const isEarly = hasPrecedence && freeAtMs - nowMs <= MAX_QUEUED_MS;
  return isEarly ? QUEUE : { kind: "defer", freeAtMs, slotIntervalMs };
};
