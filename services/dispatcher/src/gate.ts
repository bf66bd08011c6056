import {
  admit,
  deferred,
  IDLE_ENDPOINT,
  isIdle,
  MAX_IN_LINE_MS,
  released,
  type Asking,
  type EndpointLoad,
} from "./decide/admission.ts";
import type { SubscriptionLimits } from "./decide/shared-limits.ts";

/** What a delivery that wants to make an attempt is told. */
export type Passage =
  | { readonly kind: "admitted"; readonly release: (durationMs: number) => void }
  | { readonly kind: "deferred"; readonly atMs: number }
  /** This process is stopping: nothing was begun. */
  | { readonly kind: "closed" };

export type Gate = {
  /**
   * Waits while there is room soon; an endpoint is one workspace's, at one origin. `limits` are those
   * of the subscription, as far as they are this process's share.
   */
  readonly ask: (
    workspaceId: string,
    origin: string,
    isReturning: boolean,
    limits?: SubscriptionLimits,
  ) => Promise<Passage>;
  readonly inFlight: () => number;
  /** Tells those who wait, and all who ask later, that nothing more is begun. */
  readonly close: () => void;
};

export type GateLimits = {
  /** Attempts at once in this process. */
  readonly maxInFlight: number;
  /** Attempts at once to one endpoint. */
  readonly endpointMaxInFlight: number;
};

/** What those who wait are woken up with. */
type Woken = "go" | "out_of_time" | "closed";

type Endpoint = { load: EndpointLoad; readonly line: Set<(woken: Woken) => void> };

/** Idle endpoints are forgotten when more than this many are remembered. */
const REMEMBERED = 10_000;

/** Every attempt passes here: bounded for each endpoint, and for the process. */
export const createGate = (limits: GateLimits, now: () => number): Gate => {
  const endpoints = new Map<string, Endpoint>();
  const places = processPlaces(limits.maxInFlight);

  const endpointOf = (key: string): Endpoint => {
    const known = endpoints.get(key);
    if (known !== undefined) return known;
    if (endpoints.size >= REMEMBERED) {
      for (const [k, { load }] of endpoints) if (isIdle(load, now())) endpoints.delete(k);
    }
    const fresh = { load: IDLE_ENDPOINT, line: new Set<(woken: Woken) => void>() };
    endpoints.set(key, fresh);
    return fresh;
  };

  const leave = (endpoint: Endpoint, durationMs: number): void => {
    endpoint.load = released(endpoint.load, durationMs);
    const next = first(endpoint.line);
    if (next === undefined) return;
    // The place is theirs from here on, so that nobody slips in between.
    const { inFlight, inLine } = endpoint.load;
    endpoint.load = { ...endpoint.load, inFlight: inFlight + 1, inLine: inLine - 1 };
    next("go");
  };

  const enter = async (endpoint: Endpoint): Promise<Passage> => {
    if (!(await places.take())) {
      leave(endpoint, endpoint.load.serviceMs);
      return { kind: "closed" };
    }
    return {
      kind: "admitted",
      release: (durationMs) => {
        places.giveBack();
        leave(endpoint, durationMs);
      },
    };
  };

  const waitInLine = async (endpoint: Endpoint, asking: Asking): Promise<Passage> => {
    const woken = await nextTurn(endpoint.line);
    if (woken === "go") return enter(endpoint);
    endpoint.load = { ...endpoint.load, inLine: endpoint.load.inLine - 1 };
    if (woken === "closed") return { kind: "closed" };
    const later = deferred(endpoint.load, { ...asking, nowMs: now() });
    endpoint.load = later.load;
    return { kind: "deferred", atMs: later.atMs };
  };

  return {
    inFlight: places.taken,
    ask: async (workspaceId, origin, isReturning) => {
      if (places.isClosed()) return { kind: "closed" };
      const endpoint = endpointOf(`${workspaceId} ${origin}`);
      const asking = { limit: limits.endpointMaxInFlight, nowMs: now(), isReturning };
      const admission = admit(endpoint.load, asking);
      endpoint.load = admission.load;
      if (admission.kind === "deferred") return { kind: "deferred", atMs: admission.atMs };
      return admission.kind === "admitted" ? enter(endpoint) : waitInLine(endpoint, asking);
    },
    close: () => {
      places.close();
      for (const { line } of endpoints.values()) for (const wake of line) wake("closed");
    },
  };
};

const first = <T>(set: ReadonlySet<T>): T | undefined => set.values().next().value;

/** Waits at the end of a line until it is woken up or its time is over. */
const nextTurn = (line: Set<(woken: Woken) => void>): Promise<Woken> => {
  const { promise, resolve } = Promise.withResolvers<Woken>();
  const wake = (woken: Woken): void => {
    clearTimeout(timer);
    line.delete(wake);
    resolve(woken);
  };
  const timer = setTimeout(() => wake("out_of_time"), MAX_IN_LINE_MS);
  line.add(wake);
  return promise;
};

/** The places of the whole process, given in the order of asking. */
const processPlaces = (limit: number) => {
  const waiting: ((granted: boolean) => void)[] = [];
  let taken = 0;
  let closed = false;
  return {
    taken: () => taken,
    isClosed: () => closed,
    take: async (): Promise<boolean> => {
      if (closed) return false;
      if (taken < limit) {
        taken += 1;
        return true;
      }
      const { promise, resolve } = Promise.withResolvers<boolean>();
      waiting.push(resolve);
      return promise;
    },
    giveBack: (): void => {
      const next = waiting.shift();
      // The place goes on to the next one, so that nobody slips in between.
      if (next === undefined) taken -= 1;
      else next(true);
    },
    close: (): void => {
      closed = true;
      for (const resolve of waiting.splice(0)) resolve(false);
    },
  };
};
