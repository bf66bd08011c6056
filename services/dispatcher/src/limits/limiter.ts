import type { PermitDecision } from "./decide/permit.ts";
import type { PermitLimits } from "./decide/shares.ts";
import { futileWaitDelayMs } from "./decide/slots.ts";
import type { RequestState } from "./limiter-state.ts";
import { createPermits, type Deferred, type Permit, type PermitRequest } from "./permits.ts";
import { createWaitQueues } from "./wait-queues.ts";

/** `closed`: this process is stopping, and began nothing. */
export type PermitResult = Permit | Deferred | { readonly kind: "closed" };

export type Limiter = {
  /** Answers at once where possible, else within about a second. */
  readonly acquire: (request: PermitRequest) => Promise<PermitResult>;
  readonly inFlight: () => number;
  /** The most permits that those who have some now can have together. */
  readonly usable: () => number;
  /** How many wait in memory for a permit that is soon free. */
  readonly queued: () => number;
  /** Defers the requests that waited in vain; call every `SWEEP_INTERVAL_MS`. */
  readonly sweep: () => void;
  /** Ends all waiting; from then on no attempt begins. */
  readonly close: () => void;
};

export const SWEEP_INTERVAL_MS = 50;

/** A queued request was expected to start within 500 ms. After 1 s the estimate was wrong: defer it. */
const MAX_WAIT_MS = 1_000;

/** One finished attempt can unblock several queues. Check at most this many per finish, round-robin. */
const MAX_CHECKS_PER_RELEASE = 8;

type Queued = {
  readonly request: PermitRequest;
  readonly state: RequestState;
  readonly resolve: (result: PermitResult) => void;
  readonly sinceMs: number;
};

/**
 * Limits attempts per subscription, endpoint, workspace and process. An attempt without a permit waits up to 500 ms
 * in memory or is deferred to a reserved slot. `now` is a monotonic clock: one set back would prolong every wait.
 */
export const createLimiter = (limits: PermitLimits, now: () => number): Limiter => {
  const queues = createWaitQueues<Queued>();
  const permits = createPermits(limits, now, () => queues.drain(serve, MAX_CHECKS_PER_RELEASE));
  let isClosed = false;

  const respond = (
    { request, state }: Pick<Queued, "request" | "state">,
    decision: Exclude<PermitDecision, { kind: "queue" }>,
  ): PermitResult =>
    decision.kind === "grant"
      ? permits.take(request, state)
      : permits.defer(request, state, decision);

  const decideQueued = ({ request, state }: Queued, ahead: number): PermitDecision =>
    permits.decide(request, state, { ahead, aheadInAll: ahead, isQueued: true });

  const serve = (queued: Queued): boolean => {
    let decision = decideQueued(queued, 0);
    if (decision.kind === "queue") {
      if (now() - queued.sinceMs < MAX_WAIT_MS) return false;
      const freeAtMs = now() + futileWaitDelayMs(queued.request.deferrals);
      decision = { kind: "defer", limitedBy: "destination", freeAtMs, slotIntervalMs: 0 };
    }
    queued.resolve(respond(queued, decision));
    return true;
  };

  /** Drop from the tail: the newest request would wait longest when its endpoint slows down. */
  const dropFutile = (queued: Queued, ahead: number): boolean => {
    const decision = decideQueued(queued, ahead);
    if (decision.kind !== "defer") return false;
    queued.resolve(respond(queued, decision));
    return true;
  };

  return {
    inFlight: permits.inFlight,
    usable: permits.usable,
    queued: queues.size,
    acquire: (request) => {
      if (isClosed) return Promise.resolve({ kind: "closed" });
      const key = queueKey(request);
      const queue = queues.get(key);
      const state = queue[0]?.state ?? permits.stateOf(request);
      const position = { ahead: queue.length, aheadInAll: queues.size(), isQueued: false };
      const decision = permits.decide(request, state, position);
      permits.hold(state, request.bytes);
      if (decision.kind !== "queue") return Promise.resolve(respond({ request, state }, decision));
      return new Promise((resolve) => {
        queues.enqueue(key, { request, state, resolve, sinceMs: now() });
      });
    },
    sweep: () => {
      queues.trim(dropFutile);
      queues.drain(serve);
    },
    close: () => {
      isClosed = true;
      for (const { resolve } of queues.clear()) resolve({ kind: "closed" });
    },
  };
};

const queueKey = ({ workspaceId, destination, limits }: PermitRequest): string =>
  `${workspaceId} ${destination}${limits === undefined ? "" : ` ${limits.key}`}`;
