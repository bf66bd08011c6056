import type { Homeless } from "./slots.ts";

/** The attempts in flight at one endpoint (or of one subscription), and how long they take. */
export type Load = {
  /** When each attempt in flight began, in ms of a monotonic clock, oldest first. */
  readonly starts: readonly number[];
  /** How long an attempt takes, in ms: a moving average; 0 while nothing is known. */
  readonly serviceMs: number;
  /** When the last one ended, in ms of a monotonic clock. */
  readonly lastEndMs: number;
};

export const IDLE: Load = { starts: [], serviceMs: 0, lastEndMs: 0 };

/** Weight of the newest attempt in a moving average. */
const NEWEST = 0.2;

export const entered = (load: Load, nowMs: number): Load => ({
  ...load,
  starts: [...load.starts, nowMs],
});

/** The load once the attempt that began at `startedMs` has ended. */
export const left = ({ starts, serviceMs }: Load, startedMs: number, nowMs: number): Load => {
  const tookMs = Math.max(0, nowMs - startedMs);
  return {
    starts: starts.toSpliced(starts.indexOf(startedMs), 1),
    serviceMs: serviceMs === 0 ? tookMs : serviceMs * (1 - NEWEST) + tookMs * NEWEST,
    lastEndMs: nowMs,
  };
};

/**
 * How much of what is left of its origin's permits one destination may have. Chosen by simulation (ADR 12).
 * Below 1, so that the last free place is only for an endpoint that has none.
 */
export const ENDPOINT_SHARE = 0.5;

/** The same for a workspace of the process's, and for an origin of its workspace's: alone, three quarters of them. */
export const WORKSPACE_SHARE = 3;

/**
 * At most this many attempts at once: the dynamic threshold of shared-memory switches (Choudhury and
 * Hahne, IEEE/ACM Transactions on Networking 6(2), 1998). Whoever has none may have one.
 */
export const dynamicBound = (share: number, free: number): number =>
  Math.floor(share * Math.max(0, free)) + 1;

/** A silence of this many usual durations, and at least this long, is no chance: nobody answers. */
const SILENT_FOR_DURATIONS = 4;
const LEAST_SILENCE_MS = 100;

/** Of an endpoint that nothing is known of. */
const FIRST_GUESS_MS = 10;

/** The clock says 0 for what took less than a millisecond: an average of that would sink to nothing. */
const LEAST_EXPECTED_MS = 0.01;

/**
 * How long an attempt is expected to take, at most `mostMs`, its deadline. The average is of those that
 * ended, so an endpoint that stopped answering is known by its silence alone.
 */
export const expectedMs = (load: Load, nowMs: number, mostMs: number): number => {
  const usualMs =
    load.serviceMs === 0 ? FIRST_GUESS_MS : Math.max(LEAST_EXPECTED_MS, load.serviceMs);
  const silentMs = silenceMs(load, nowMs);
  const isSilent = silentMs > Math.max(LEAST_SILENCE_MS, SILENT_FOR_DURATIONS * usualMs);
  return Math.min(mostMs, isSilent ? SILENT_FOR_DURATIONS * silentMs : usualMs);
};

/** Whether answers have stopped coming: for at least this long, and for several usual durations. */
export const isSilentFor = (load: Load, leastMs: number, nowMs: number): boolean =>
  silenceMs(load, nowMs) > Math.max(leastMs, SILENT_FOR_DURATIONS * load.serviceMs);

/** For how long attempts have been in flight, and none of them ended. */
const silenceMs = ({ starts: [oldest], lastEndMs }: Load, nowMs: number): number =>
  oldest === undefined ? 0 : nowMs - Math.max(oldest, lastEndMs);

const LEAST_GUESS_MS = 1_000;
const GUESS_PER_SILENCE = 8;

/** Undefined where the durations are known; else how long to wait for more to be known. */
const guessedForMs = (load: Load, nowMs: number, mostMs: number): number | undefined => {
  const silentMs = silenceMs(load, nowMs);
  const isGuess = load.serviceMs === 0 || silentMs > SILENT_FOR_DURATIONS * load.serviceMs;
  if (!isGuess) return undefined;
  return Math.min(mostMs, Math.max(LEAST_GUESS_MS, GUESS_PER_SILENCE * silentMs));
};

/**
 * When the `nth` of those who want a place (from 1) is expected to get one, in ms of a monotonic clock: each gets
 * the place of the oldest attempt that nobody before it waits for.
 */
export const placeFreeAtMs = (
  load: Load,
  bound: number,
  nth: number,
  nowMs: number,
  mostMs: number,
): number => {
  const free = bound - load.starts.length;
  if (nth <= free) return nowMs;
  const durationMs = expectedMs(load, nowMs, mostMs);
  const turn = nth - 1 - Math.max(0, free);
  // Where the bound fell below what is in flight, the first to end leave no place behind. Where it is
  // above, those before take the places that are free, now.
  const startMs = load.starts[Math.max(0, -free) + (turn % bound)] ?? nowMs;
  const endMs = Math.max(nowMs, startMs + durationMs);
  return endMs + Math.floor(turn / bound) * durationMs;
};

/** Nobody waits in memory for a place for longer than this by the look of it: others come back later. */
export const MAX_IN_LINE_MS = 500;

/** One that wants a place among those bounded together. */
export type Wanting = {
  readonly load: Load;
  readonly bound: number;
  /** The bound that is to be expected later on. */
  readonly usualBound: number;
  /** Those in line before it. */
  readonly ahead: number;
  /** The first time that nobody was promised, in ms of a monotonic clock. */
  readonly clockMs: number;
  /** It has a slot now, or is in line already. */
  readonly hasPrecedence: boolean;
  readonly nowMs: number;
  readonly mostMs: number;
};

export type Admission =
  | { readonly kind: "go" }
  /** No place now, but soon. */
  | { readonly kind: "line" }
  /** No place: to come back, as nobody waits for long. */
  | ({ readonly kind: "later" } & Pick<Homeless, "freeAtMs" | "paceMs" | "guessedForMs">);

/**
 * Slots are promised for this share of the places: those who found none free in their slot (each attempt takes
 * its own time) need some that nobody was promised.
 */
const PROMISED_SHARE = 0.9;

/**
 * Whether there is a place now. Those who were sent away and come back go before those who come for the
 * first time, unless the places are half empty: then what was promised is behind what the endpoint can do.
 */
export const admission = (wanting: Wanting): Admission => {
  const { load, bound, usualBound, ahead, clockMs, hasPrecedence, nowMs, mostMs } = wanting;
  const inFlight = load.starts.length;
  const isOthers = !hasPrecedence && clockMs > nowMs && inFlight >= Math.floor(bound / 2);
  if (ahead === 0 && inFlight < bound && !isOthers) return { kind: "go" };
  const freeAtMs = placeFreeAtMs(load, bound, ahead + 1, nowMs, mostMs);
  const soonMs = isOthers ? Math.max(clockMs, freeAtMs) : freeAtMs;
  if (soonMs - nowMs <= MAX_IN_LINE_MS) return { kind: "line" };
  const paceMs = expectedMs(load, nowMs, mostMs) / (usualBound * PROMISED_SHARE);
  return { kind: "later", freeAtMs, paceMs, guessedForMs: guessedForMs(load, nowMs, mostMs) };
};

/** How many attempts a workspace, or the process, has in flight, and how often one ends. */
export type Flow = {
  readonly inFlight: number;
  /** Time between two ends, in ms: a moving average. */
  readonly gapMs: number;
  /** When the last one ended or, where none was in flight, the first one began; in ms of a monotonic clock. */
  readonly quietSinceMs: number;
};

export const NO_FLOW: Flow = { inFlight: 0, gapMs: 0, quietSinceMs: 0 };

export const flowIn = (flow: Flow, nowMs: number): Flow => ({
  ...flow,
  inFlight: flow.inFlight + 1,
  quietSinceMs: flow.inFlight === 0 ? nowMs : flow.quietSinceMs,
});

export const flowOut = ({ inFlight, gapMs, quietSinceMs }: Flow, nowMs: number): Flow => ({
  inFlight: inFlight - 1,
  gapMs: gapMs * (1 - NEWEST) + Math.max(0, nowMs - quietSinceMs) * NEWEST,
  quietSinceMs: nowMs,
});

/** How often a place of a full workspace or process comes free. */
export const flowGapMs = ({ gapMs, quietSinceMs }: Flow, nowMs: number): number =>
  Math.max(gapMs, nowMs - quietSinceMs);
