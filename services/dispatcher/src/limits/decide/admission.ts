import { expectedMs, recheckAfterMs, type EndpointLoad } from "./load.ts";
import type { Deferral } from "./slots.ts";

/** Estimated wait beyond which a request does not wait in memory: it is deferred. */
export const MAX_QUEUED_MS = 500;

/** A request for a permit of one endpoint or subscription. */
export type AdmissionInput = {
  readonly load: EndpointLoad;
  readonly bound: number;
  /** The bound that is to be expected later on. */
  readonly expectedBound: number;
  /** Requests in the queue before it. */
  readonly ahead: number;
  /** The next unreserved slot, in ms of a monotonic clock. */
  readonly nextFreeSlotMs: number;
  /** It has a slot now, or is queued already. */
  readonly hasPrecedence: boolean;
  readonly nowMs: number;
  readonly timeoutMs: number;
};

export type Admission =
  | { readonly kind: "grant" }
  /** No permit now, but soon. */
  | { readonly kind: "queue" }
  | ({ readonly kind: "defer" } & Deferral);

export const GRANT: Admission = { kind: "grant" };
export const QUEUE: Admission = { kind: "queue" };

/**
 * Reserve slots for 90 % of capacity. Durations vary, so some arrivals find their slot taken and need the rest.
 */
const SLOT_SHARE = 0.9;

/**
 * Deferred requests go before new ones, unless half of the permits are free: then the reservations lag
 * behind what the endpoint can do.
 */
export const admission = (input: AdmissionInput): Admission => {
  const { load, bound, expectedBound, ahead, nextFreeSlotMs, nowMs, timeoutMs } = input;
  const inFlight = load.starts.length;
  const isReserved =
    !input.hasPrecedence && nextFreeSlotMs > nowMs && inFlight >= Math.floor(bound / 2);
  if (ahead === 0 && inFlight < bound && !isReserved) return GRANT;
  const freeAtMs = permitFreeAtMs(input, ahead + 1);
  const soonMs = isReserved ? Math.max(nextFreeSlotMs, freeAtMs) : freeAtMs;
  if (soonMs - nowMs <= MAX_QUEUED_MS) return QUEUE;
  const slotIntervalMs = expectedMs(load, nowMs, timeoutMs) / (expectedBound * SLOT_SHARE);
  const recheck = recheckAfterMs(load, nowMs, timeoutMs);
  return { kind: "defer", freeAtMs, slotIntervalMs, recheckAfterMs: recheck };
};

/**
 * When the `nth` request (from 1) is expected to get a permit, in ms of a monotonic clock: each gets the permit
 * of the oldest attempt that no request before it waits for.
 */
export const permitFreeAtMs = (
  { load, bound, nowMs, timeoutMs }: Pick<AdmissionInput, "load" | "bound" | "nowMs" | "timeoutMs">,
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
