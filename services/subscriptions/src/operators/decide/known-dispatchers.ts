/** What a dispatcher's presence message says. */
export type Heard = {
  readonly id: string;
  readonly atMs: number;
  /** It begins nothing more. */
  readonly hasLeft: boolean;
  /** Undefined: it is of a version that does not say so. */
  readonly version: string | undefined;
  readonly process: string | undefined;
  readonly inFlight: number | undefined;
};

export type KnownDispatcher = Omit<Heard, "hasLeft">;

export type KnownDispatchers = ReadonlyMap<string, KnownDispatcher>;

/** Dispatchers send a heartbeat every 2 s; after three missing ones a dispatcher counts as stopped. */
const EXPIRES_MS = 7_000;

/** Presence messages are anybody's who may publish them: no more are kept than there could be dispatchers. */
const MAX_KNOWN = 1_000;

/** The dispatchers after a presence message. */
export const afterHeard = (
  known: KnownDispatchers,
  { hasLeft, ...heard }: Heard,
): KnownDispatchers => {
  const current = new Map(running(known, heard.atMs).map((one) => [one.id, one]));
  current.delete(heard.id);
  if (!hasLeft && current.size < MAX_KNOWN) current.set(heard.id, heard);
  return current;
};

/** Those that run, as far as is known, by their ids and so by when they started. */
export const running = (known: KnownDispatchers, nowMs: number): KnownDispatcher[] =>
  [...known.values()]
    .filter(({ atMs }) => nowMs - atMs < EXPIRES_MS)
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));

const UUID_V7 = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** When a dispatcher started, by its own clock, which its id begins with (RFC 9562); undefined: it is another kind of id. */
export const startedAtMs = (id: string): number | undefined => {
  const [, high, low] = UUID_V7.exec(id) ?? [];
  return high === undefined || low === undefined ? undefined : Number.parseInt(high + low, 16);
};
