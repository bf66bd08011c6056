import { originIn } from "@ringback/contracts/streams/stream-origin";
import { STREAMS, type EventAddress } from "@ringback/contracts/streams/subjects";
import type { AdminServer } from "@ringback/runtime/process/admin-server";
import { createMetrics } from "@ringback/runtime/telemetry/metrics";
import { openHeaderSealing } from "@ringback/runtime/secrets/sealed-headers";
import { connectNats, closeNats, type Nats } from "@ringback/runtime/nats/connection";
import { followServerClock } from "@ringback/runtime/nats/server-clock";
import { watchStreams, type StreamWatchOptions } from "@ringback/runtime/streams/stream-watch";
import { openTracing } from "@ringback/runtime/telemetry/tracing";
import manifest from "../package.json" with { type: "json" };
import {
  limiterFor,
  messageDeps,
  senderFor,
  streamsFor,
  type DispatcherOptions,
} from "./dispatcher-deps.ts";
import { startHealthEvaluation } from "./endpoint-health/health-evaluation.ts";
import { openAdmin, type DispatcherState } from "./health.ts";
import { filterCheck } from "./intake/endpoint-filters.ts";
import { startIntake } from "./intake/intake.ts";
import { joinDispatchers } from "./limits/membership.ts";
import { dispatcherMetrics } from "./metrics.ts";
import { exportState } from "./gauges.ts";
import { createObservations, observeWork } from "./observe/observations.ts";
import { callOrdering, type Ordering, type OrderingDeps } from "./order/ordering.ts";
import { startRetryReconciler } from "./repair/retry-reconciler.ts";
import { proveGuard } from "./send/guard-self-test.ts";
import { natsDeliveryStore } from "./settle/delivery-store.ts";
import { natsNotifier } from "./settle/notifier.ts";
import { settleSteps } from "./settle/settle.ts";
import { storingWatch, watchedStore } from "./settle/store-watch.ts";
import { subscriptionView, type SubscriptionView } from "./subscriptions/subscription-view.ts";

export type Dispatcher = {
  /** Resolves once deliveries are made; rejects with what keeps them from being made. */
  readonly ready: Promise<void>;
  /** Stops pulling, finishes what is in flight, naks the rest; `outOfTime` ends the waiting. */
  readonly stop: (outOfTime: AbortSignal) => Promise<void>;
  /** The longest deadline of the attempts so far, and at least the operator's. */
  readonly longestTimeoutMs: () => number;
};

const traced = { name: "ringback-dispatcher", version: manifest.version };

/** Starts a dispatcher: the probes at once, the rest as soon as NATS is there. */
export const startDispatcher = (options: DispatcherOptions): Dispatcher => {
  const state: DispatcherState = {};
  const abort = new AbortController();
  const started = start(options, state, abort.signal);
  return {
    ready: started,
    longestTimeoutMs: () => state.sender?.longestTimeoutMs() ?? options.settings.DELIVERY_TIMEOUT,
    stop: async (outOfTime) => {
      state.stopping = true;
      outOfTime.addEventListener("abort", () => abort.abort(), { once: true });
      // A process that still waits for NATS has nothing to finish.
      if (state.running === undefined) return;
      // From here no attempt starts; leave, so that the others use this dispatcher's share of the limits.
      state.membership?.leave();
      await state.running.intake.stop(outOfTime);
      abort.abort();
      await state.running.close();
    },
  };
};

const start = async (
  options: DispatcherOptions,
  state: DispatcherState,
  abort: AbortSignal,
): Promise<void> => {
  const { settings, log, onFatal, wrapSteps } = options;
  await proveGuard();
  const sealing = await openHeaderSealing(settings, log);
  const metrics = createMetrics(manifest.version);
  const own = dispatcherMetrics(metrics);
  exportState(metrics, state, settings);
  const admin = await openAdmin(settings, metrics, state);
  const tracing = await openTracing(settings, traced, { log, metrics: own.tracing });
  const nats = await connectNats(settings, "ringback-dispatcher", log, onFatal);
  state.nats = nats;
  const origins = await streamsFor(nats, settings, log, abort);
  const observed = createObservations(() => nats.isConnected());
  state.observed = observed;
  const onInfo: StreamWatchOptions["onInfo"] = (name, info) => observed.note(name, info, nats);
  const watch = watchStreams({ nats, origins, onInfo, onStreamLost: onFatal, log });
  const view = subscriptionView(nats, log, onFatal);
  state.view = view;
  await view.following.caughtUp;
  own.followWorkspaces(view.workspaces);

  const sender = senderFor(settings);
  const membership = joinDispatchers(nats, log, { presence: () => presenceOf(state) });
  // Of RETRIES: schedules fire by the clock of its leader.
  const clock = await followServerClock(nats, STREAMS.retries, log, abort);
  const limiter = limiterFor(settings);
  const storing = storingWatch(() => own.platformFaults.inc({ fault: "storage" }));
  Object.assign(state, { sender, membership, clock, limiter, storing });
  const eventsOrigin = originIn(origins, STREAMS.events);
  const { due } = membership;
  const stored = natsDeliveryStore({ nats, eventsOrigin, due, clock, log, signal: abort });
  const store = watchedStore(stored, storing);
  const notifier = natsNotifier({ nats, isWanted: wantedBy(view), metrics: own, log });
  const steps = wrapSteps({ ...settleSteps(store, notifier), send: sender.send });
  const ordering = startOrdering({ nats, store, view, due, log }, state);
  const parts = { metrics, own, store, steps, view, limiter, ordering, membership, clock };
  const deps = messageDeps(options, { ...parts, sealer: sealing.ring, tracer: tracing?.tracer });
  const watches = startWatches(options, state, { ...deps, nats, now: clock.nowMs });
  const { MAX_IN_FLIGHT: maxInFlight, STREAM_MANAGEMENT: management } = settings;
  const { acknowledgedUpTo } = observed;
  const consuming = { nats, origins, management, acknowledgedUpTo, onStreamLost: onFatal };
  const intake = startIntake({ ...consuming, maxInFlight, limiter, deps });
  const follows = [clock.stop, view.following.stop, watch.stop];
  const stops = [...follows, ...watches, sender.close, sealing.stop];
  if (tracing !== undefined) stops.push(tracing.close);
  state.running = { intake, close: () => notifier.stop().then(() => closeAll(stops, nats, admin)) };
  await intake.started;
  state.isPulling = true;
  void observeWork(nats, observed).catch(() => undefined);
  log.info({ admin: admin.url }, "listening");
};

const presenceOf = ({ limiter }: DispatcherState) => ({
  version: manifest.version,
  inFlight: limiter?.inFlight() ?? 0,
});

const startOrdering = (
  parts: Omit<OrderingDeps, "acknowledgedUpTo" | "passesFilter" | "now">,
  state: DispatcherState,
): Ordering => {
  const ordering = callOrdering({
    ...parts,
    acknowledgedUpTo: () => state.observed?.acknowledgedUpTo(),
    passesFilter: filterCheck(parts.log),
    now: () => Date.now(), // the wall clock, as for all times of a delivery
  });
  state.ordering = ordering;
  return ordering;
};

/** Whether a subscription or an endpoint wants events with an address. */
const wantedBy =
  ({ candidates }: SubscriptionView) =>
  async (address: EventAddress): Promise<boolean> => {
    const { isSubscribed, endpoints } = await candidates(address);
    return isSubscribed || endpoints.length > 0;
  };

type WatchDeps = Omit<
  Parameters<typeof startRetryReconciler>[0] & Parameters<typeof startHealthEvaluation>[0],
  "policy" | "onOverdue" | "onWaiting"
>;

/**
 * Starts the watches, each of which works in the dispatcher with its lease. They compare times with NATS's
 * clock. Returns what stops them.
 */
const startWatches = (
  { repair, healthEvaluation }: DispatcherOptions,
  state: DispatcherState,
  deps: WatchDeps,
): (() => Promise<void>)[] => {
  const overdue = startRetryReconciler({
    ...deps,
    policy: repair,
    onOverdue: (ms) => {
      state.retryOverdueMs = ms;
    },
    onWaiting: (waiting) => {
      state.firstAttempts = waiting;
    },
  });
  const endpoints = startHealthEvaluation({ ...deps, policy: healthEvaluation });
  return [overdue.stop, endpoints.stop];
};

/** Stops the parts, closes NATS, and last the probes, which report all of it. */
const closeAll = async (
  stops: readonly (() => unknown)[],
  nats: Nats,
  admin: AdminServer,
): Promise<void> => {
  const stopped = Promise.all(stops.map((stop) => stop()));
  await closeNats(nats); // ends requests to a server that does not reply
  await stopped;
  await admin.close();
};
