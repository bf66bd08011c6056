import { expectedMs, recheckAfterMs, type EndpointLoad } from "./load.ts";
import type { Deferral } from "./slots.ts";

/** Estimated wait beyond which a request does not wait in memory: it is deferred. */
export const MAX_QUEUED_MS = 500;

/** What limits the attempts to an endpoint, or of a subscription. */
export type SlotState = {
  readonly load: EndpointLoad;
  /** The next unreserved slot, in ms of a monotonic clock. */
  readonly nextFreeSlotMs: number;
};

/** A request for a permit. */
export type AdmissionRequest = {
  readonly nowMs: number;
  /** Requests queued before it for the same destination (or subscription). */
  readonly ahead: number;
  /** It was deferred before, or is queued already: slots reserved for others do not hold it back. */
  readonly hasPrecedence: boolean;
  /** The deadline of its attempt. */
  readonly timeoutMs: number;
};

export const GRANT = { kind: "grant" } as const;
/** No permit now, but soon. */
export const QUEUE = { kind: "queue" } as const;

export type Admission = typeof GRANT | typeof QUEUE | ({ readonly kind: "defer" } & Deferral);

/**
 * Reserve slots for 90 % of capacity. Durations vary, so some arrivals find their slot taken and need the rest.
 */
const SLOT_SHARE = 0.9;

/**
 * Deferred requests go before new ones, unless half of the permits are free: then the reservations lag
 * behind what the endpoint can do. `expectedBound`: the bound that is to be expected later on.
 */
export const admission = (
  { load, nextFreeSlotMs }: SlotState,
  bound: number,
  expectedBound: number,
  { ahead, hasPrecedence, nowMs, timeoutMs }: AdmissionRequest,
): Admission => {
  const inFlight = load.starts.length;
  const isReserved = !hasPrecedence && nextFreeSlotMs > nowMs && inFlight >= Math.floor(bound / 2);
  if (ahead === 0 && inFlight < bound && !isReserved) return GRANT;
  const freeAtMs = permitFreeAtMs({ load, bound, nowMs, timeoutMs }, ahead + 1);
  const soonMs = isReserved ? Math.max(nextFreeSlotMs, freeAtMs) : freeAtMs;
  if (soonMs - nowMs <= MAX_QUEUED_MS) return QUEUE;
  const slotIntervalMs = expectedMs(load, nowMs, timeoutMs) / (expectedBound * SLOT_SHARE);
  const recheck = recheckAfterMs(load, nowMs, timeoutMs);
  return { kind: "defer", freeAtMs, slotIntervalMs, recheckAfterMs: recheck };
};

type Occupancy = Pick<SlotState, "load"> &
  Pick<AdmissionRequest, "nowMs" | "timeoutMs"> & { readonly bound: number };

/**
 * When the `nth` request (from 1) is expected to get a permit, in ms of a monotonic clock: each gets the permit
 * of the oldest attempt that no request before it waits for.
 */
export const permitFreeAtMs = (
  { load, bound, nowMs, timeoutMs }: Occupancy,
  nth: number,
): number => {
  const free = bound - load.starts.length;
  if (nth <= free) return nowMs;
  const durationMs = expectedMs(load, nowMs, timeoutMs);
  const round = nth - 1 - Math.max(0, free);
  // Where the bound fell below what is in flight, the first ends free no permit. Where it is above, the
  // requests before this one take the free permits now.
  const startMs = load.starts[Math.max(0, -free) + (round % bound)] ?? nowMs;
  const endMs = Math.max(nowMs, startMs + durationMs);
  return endMs + Math.floor(round / bound) * durationMs;
};
