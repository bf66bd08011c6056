import { NEW_WINDOW } from "./decide/congestion-window.ts";
import { IDLE, IDLE_POOL } from "./decide/load.ts";
import { REACHABLE } from "./decide/origin-window.ts";
import type { Levels, PoolState } from "./decide/shares.ts";

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** The state of every level that one request needs a permit of. */
export type RequestState = { readonly [Level in keyof Levels]: Mutable<Levels[Level]> };

/** Whose state a request needs. */
export type RequestKeys = {
  readonly workspaceId: string;
  /** Its URL without query: one handler on the other side. */
  readonly destination: string;
  /** Scheme, host and port, which several destinations share. */
  readonly origin: string;
  /** Of a subscription with limits of its own. */
  readonly limits?: { readonly key: string } | undefined;
};

/** Of each level. */
const MAX_ENTRIES = 10_000;

/** The state of all levels, in memory. */
export const createLimiterState = () => {
  const processPool = newPool();
  const destinations = lruOf<RequestState["destination"]>(
    MAX_ENTRIES,
    () => ({ load: IDLE, window: NEW_WINDOW, nextFreeSlotMs: 0, closedUntilMs: 0 }),
    ({ load }) => load.starts.length === 0,
  );
  const origins = lruOf<RequestState["origin"]>(
    MAX_ENTRIES,
    () => ({ load: IDLE_POOL, window: REACHABLE, recent: new Map() }),
    ({ load }) => load.inFlight === 0,
  );
  const workspaces = lruOf<RequestState["workspace"]>(
    MAX_ENTRIES,
    newPool,
    ({ load, bytes }) => load.inFlight === 0 && bytes === 0,
  );
  const subscriptions = lruOf<NonNullable<RequestState["subscription"]>>(
    MAX_ENTRIES,
    () => ({ load: IDLE, nextFreeSlotMs: 0, tatMs: 0 }),
    ({ load }) => load.starts.length === 0,
  );
  return {
    processPool,
    of: ({ workspaceId, destination, origin, limits }: RequestKeys): RequestState => ({
      destination: destinations(`${workspaceId} ${destination}`),
      origin: origins(`${workspaceId} ${origin}`),
      workspace: workspaces(workspaceId),
      processPool,
      subscription: limits && subscriptions(limits.key),
    }),
  };
};

const newPool = (): Mutable<PoolState> => ({ load: IDLE_POOL, bytes: 0 });

/** How many of the oldest entries are checked for an idle one. */
const MAX_CHECKED = 8;

/**
 * Returns an entry by its key, and makes a missing one. A full map drops an idle entry, the least recently used
 * first. Entries in use stay (a library's cache would drop them, and lose the count of what is in flight).
 */
export const lruOf = <T>(maxEntries: number, make: () => T, isIdle: (value: T) => boolean) => {
  const values = new Map<string, T>();

  const dropIdle = (): void => {
    let checked = 0;
    for (const [key, value] of values) {
      values.delete(key);
      if (isIdle(value)) return;
      values.set(key, value); // to the end: the next check sees another
      checked += 1;
      if (checked === MAX_CHECKED) return;
    }
  };

  return (key: string): T => {
    let value = values.get(key);
    if (value === undefined) {
      if (values.size >= maxEntries) dropIdle();
      value = make();
    } else values.delete(key); // to the end: the first one was used least recently
    values.set(key, value);
    return value;
  };
};
