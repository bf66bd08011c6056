/** The attempts in flight at one endpoint (or of one subscription), and how long they take. */
export type EndpointLoad = {
  /** When each attempt in flight began, in ms of a monotonic clock, oldest first. */
  readonly starts: readonly number[];
  /** How long an attempt takes, in ms: a moving average; 0 while nothing is known. */
  readonly serviceMs: number;
  /** When the last one ended, in ms of a monotonic clock. */
  readonly lastEndMs: number;
};

export const IDLE: EndpointLoad = { starts: [], serviceMs: 0, lastEndMs: 0 };

/** Weight of the newest attempt in a moving average. */
const NEWEST = 0.2;

/** A moving average of durations with one more; 0: there was none before. */
export const averageWith = (averageMs: number, newestMs: number): number =>
  averageMs === 0 ? newestMs : averageMs * (1 - NEWEST) + newestMs * NEWEST;

export const attemptStarted = (load: EndpointLoad, nowMs: number): EndpointLoad => ({
  ...load,
  starts: [...load.starts, nowMs],
});

/** The load once the attempt that began at `startedMs` has ended. */
export const attemptEnded = (
  { starts, serviceMs }: EndpointLoad,
  startedMs: number,
  nowMs: number,
): EndpointLoad => ({
  starts: starts.toSpliced(starts.indexOf(startedMs), 1),
  serviceMs: averageWith(serviceMs, Math.max(0, nowMs - startedMs)),
  lastEndMs: nowMs,
});

/** A silence of this many usual durations, and at least this long, is not coincidence: the endpoint hangs. */
const SILENT_FOR_DURATIONS = 4;
const MIN_SILENCE_MS = 100;

/** Of an endpoint that nothing is known of. */
const FIRST_GUESS_MS = 10;

/** The clock says 0 for less than a millisecond: an average of zeros would sink to nothing. */
const MIN_EXPECTED_MS = 0.01;

/**
 * How long an attempt is expected to take, at most `maxMs`. The average covers attempts that ended; an
 * endpoint that stopped answering shows only in its silence.
 */
export const expectedMs = (load: EndpointLoad, nowMs: number, maxMs: number): number => {
  const averageMs =
    load.serviceMs === 0 ? FIRST_GUESS_MS : Math.max(MIN_EXPECTED_MS, load.serviceMs);
  const silentMs = silenceMs(load, nowMs);
  const isSilent = silentMs > Math.max(MIN_SILENCE_MS, SILENT_FOR_DURATIONS * averageMs);
  return Math.min(maxMs, isSilent ? SILENT_FOR_DURATIONS * silentMs : averageMs);
};

/** Whether responses have stopped coming: for at least this long, and for several usual durations. */
export const isSilentFor = (load: EndpointLoad, minMs: number, nowMs: number): boolean =>
  silenceMs(load, nowMs) > Math.max(minMs, SILENT_FOR_DURATIONS * load.serviceMs);

/** For how long attempts have been in flight, and none of them ended. */
const silenceMs = ({ starts: [oldest], lastEndMs }: EndpointLoad, nowMs: number): number =>
  oldest === undefined ? 0 : nowMs - Math.max(oldest, lastEndMs);

export const MIN_RECHECK_MS = 1_000;
const RECHECK_PER_SILENCE = 8;

/** How long until more is known of the durations; undefined where they are known. */
export const recheckAfterMs = (
  load: EndpointLoad,
  nowMs: number,
  maxMs: number,
): number | undefined => {
  if (load.serviceMs > 0 && !isSilentFor(load, 0, nowMs)) return undefined;
  return Math.min(maxMs, Math.max(MIN_RECHECK_MS, RECHECK_PER_SILENCE * silenceMs(load, nowMs)));
};

/** How many attempts an origin, a workspace or the process has in flight, and how often one ends. */
export type PoolLoad = {
  readonly inFlight: number;
  /** Time between two ends, in ms: a moving average. */
  readonly gapMs: number;
  /** When the last one ended or, where none was in flight, the first one began; in ms of a monotonic clock. */
  readonly quietSinceMs: number;
};

export const IDLE_POOL: PoolLoad = { inFlight: 0, gapMs: 0, quietSinceMs: 0 };

export const poolStarted = ({ inFlight, gapMs, quietSinceMs }: PoolLoad, nowMs: number) => ({
  inFlight: inFlight + 1,
  gapMs,
  quietSinceMs: inFlight === 0 ? nowMs : quietSinceMs,
});

export const poolEnded = ({ inFlight, gapMs, quietSinceMs }: PoolLoad, nowMs: number) => ({
  inFlight: inFlight - 1,
  gapMs: gapMs * (1 - NEWEST) + Math.max(0, nowMs - quietSinceMs) * NEWEST,
  quietSinceMs: nowMs,
});

/** How often a permit of a full pool becomes free. */
export const releaseGapMs = ({ gapMs, quietSinceMs }: PoolLoad, nowMs: number): number =>
  Math.max(gapMs, nowMs - quietSinceMs);
