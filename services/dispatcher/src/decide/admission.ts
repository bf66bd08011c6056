/** How busy one endpoint is, as seen by this process. */
export type EndpointLoad = {
  readonly inFlight: number;
  /** Deliveries that wait in line for one of these to end. */
  readonly inLine: number;
  /** How long an attempt takes there, in ms: a moving average; 0 while nothing is known. */
  readonly serviceMs: number;
  /** The last slot that was promised to a delivery that is to come back, in ms since 1970. */
  readonly lastSlotMs: number;
};

export const IDLE_ENDPOINT: EndpointLoad = { inFlight: 0, inLine: 0, serviceMs: 0, lastSlotMs: 0 };

export type Admission =
  | { readonly kind: "admitted"; readonly load: EndpointLoad }
  /** No room now, but soon: the delivery waits in line, in memory. */
  | { readonly kind: "in_line"; readonly load: EndpointLoad }
  /** No room: the delivery is to come back at `atMs`, and is held nowhere meanwhile. */
  | { readonly kind: "deferred"; readonly atMs: number; readonly load: EndpointLoad };

export type Asking = {
  readonly limit: number;
  readonly nowMs: number;
  /** It was deferred before: it goes before those who come for the first time. */
  readonly isReturning: boolean;
};

/** Nobody waits in line for longer than this by the look of it: a slow endpoint has no line. */
export const MAX_IN_LINE_MS = 1_000;

/** A line is at most this many times the limit; twice that for those who return. */
const LINE_PER_LIMIT = 16;

/** Coming back costs a few messages on NATS: no sooner than this. */
const LEAST_DEFERRAL_MS = 250;

/**
 * Slots are promised this far ahead, and then from now on again: the pace of an endpoint that is slow
 * for a moment must not send deliveries away for long.
 */
const LEAST_HORIZON_MS = 1_000;
const HORIZON_IN_SERVICE_TIMES = 4;

/** Weight of the newest attempt in the moving average of the service time. */
const NEWEST = 0.2;

/**
 * Whether there is room for one more attempt at an endpoint now. A burst to a fast endpoint waits in a
 * short line; at a slow one, slots are promised one behind the other at the pace at which it answers,
 * so that deliveries come back when it is their turn and not all at once.
 */
export const admit = (load: EndpointLoad, asking: Asking): Admission => {
  const { limit, isReturning } = asking;
  if (load.inFlight < limit) {
    return { kind: "admitted", load: { ...load, inFlight: load.inFlight + 1 } };
  }
  const paceMs = load.serviceMs / limit;
  const line = LINE_PER_LIMIT * limit * (isReturning ? 2 : 1);
  if (load.inLine < line && (load.inLine + 1) * paceMs <= MAX_IN_LINE_MS) {
    return { kind: "in_line", load: { ...load, inLine: load.inLine + 1 } };
  }
  return deferred(load, asking);
};

/** No room: the next slot that nobody was promised. */
export const deferred = (
  load: EndpointLoad,
  { limit, nowMs }: Asking,
): Extract<Admission, { kind: "deferred" }> => {
  const horizonMs = Math.max(LEAST_HORIZON_MS, HORIZON_IN_SERVICE_TIMES * load.serviceMs);
  const isPromised = load.lastSlotMs > nowMs && load.lastSlotMs < nowMs + horizonMs;
  const slotMs = (isPromised ? load.lastSlotMs : nowMs) + load.serviceMs / limit;
  const atMs = Math.ceil(Math.max(slotMs, nowMs + LEAST_DEFERRAL_MS));
  return { kind: "deferred", atMs, load: { ...load, lastSlotMs: slotMs } };
};

/** The load once an attempt has ended after `durationMs`. */
export const released = (load: EndpointLoad, durationMs: number): EndpointLoad => ({
  ...load,
  inFlight: Math.max(0, load.inFlight - 1),
  serviceMs:
    load.serviceMs === 0 ? durationMs : load.serviceMs * (1 - NEWEST) + durationMs * NEWEST,
});

/** True when nothing needs to be remembered about an endpoint. */
export const isIdle = (load: EndpointLoad, nowMs: number): boolean =>
  load.inFlight === 0 && load.inLine === 0 && load.lastSlotMs <= nowMs;
