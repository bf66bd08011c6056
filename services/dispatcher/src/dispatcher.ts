import { STREAMS } from "@ringback/contracts/streams/subjects";
import { startAdminServer, type AdminServer } from "@ringback/runtime/process/admin-server";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import { createMetrics, type Metrics } from "@ringback/runtime/telemetry/metrics";
import { openHeaderSealing } from "@ringback/runtime/secrets/sealed-headers";
import { connectNats } from "@ringback/runtime/nats/connection";
import { followServerClock } from "@ringback/runtime/nats/server-clock";
import { watchStreams, type StreamWatchOptions } from "@ringback/runtime/streams/stream-watch";
import { openTracing } from "@ringback/runtime/telemetry/tracing";
import manifest from "../package.json" with { type: "json" };
import { traceDeps } from "./tracing/attempt-span.ts";
import { closeAll } from "./close-all.ts";
import { type DispatcherSettings } from "./config.ts";
import type { OverdueWatchPolicy } from "./repair/decide/due.ts";
import type { HoldBackPolicy } from "./delivery/decide/retry.ts";
import { eventWarningCounter } from "./intake/event-warnings.ts";
import { exportState, lookAt, readiness, silence, type Parts } from "./health.ts";
import { startIntake } from "./intake/intake.ts";
import { natsJournal } from "./settle/delivery-store.ts";
import { dispatcherMetrics } from "./metrics.ts";
import type { EndpointWatchPolicy } from "./endpoint-health/watch.ts";
import { tellingOn } from "./settle/notifier.ts";
import { gateFor, handleDeps, senderFor, streamsFor } from "./dispatcher-deps.ts";
import { joinDispatchers } from "./limits/membership.ts";
import { proveGuard } from "./send/guard-self-test.ts";
import { type Sender } from "./send/send.ts";
import { settleSteps, type SettleSteps } from "./settle/settle.ts";
import { startWatches } from "./start-watches.ts";
import { storingWatch, watchedJournal } from "./settle/store-watch.ts";
import { subscriptionView } from "./delivery/subscriptions.ts";

/** The steps of a delivery that touch the outside, in their order. */
export type Steps = SettleSteps & { readonly send: Sender["send"] };

export type DispatcherOptions = {
  readonly settings: DispatcherSettings;
  readonly log: Logger;
  /** Called once when the process cannot go on. */
  readonly onFatal: (error: unknown) => void;
  /** The steps as they are, or with something around them. */
  readonly stepsOf: (steps: Steps) => Steps;
  readonly holdBack: HoldBackPolicy;
  readonly overdueWatch: OverdueWatchPolicy;
  readonly endpointWatch: EndpointWatchPolicy;
};

export type Dispatcher = {
  /** Resolves once deliveries are made; rejects with what keeps them from being made. */
  readonly ready: Promise<void>;
  /** Stops pulling, finishes what is in flight, gives back the rest; `outOfTime` ends the waiting. */
  readonly stop: (outOfTime: AbortSignal) => Promise<void>;
  /** The longest deadline of the attempts so far, and at least the operator's. */
  readonly longestTimeoutMs: () => number;
};

const traced = { name: "ringback-dispatcher", version: manifest.version };

/** Starts a dispatcher: the probes at once, the rest as soon as NATS is there. */
export const startDispatcher = (options: DispatcherOptions): Dispatcher => {
  const parts: Parts = { streams: new Map(), backlog: 0, retriesWaiting: 0 };
  const giveUp = new AbortController();
  const started = start(options, parts, giveUp.signal);
  return {
    ready: started,
    longestTimeoutMs: () => parts.sender?.longestTimeoutMs() ?? options.settings.DELIVERY_TIMEOUT,
    stop: async (outOfTime) => {
      parts.stopping = true;
      outOfTime.addEventListener("abort", () => giveUp.abort(), { once: true });
      // One that still waits for NATS has nothing to finish.
      if (parts.running === undefined) return;
      parts.presence?.leave(); // nothing more is begun: the others may have its share
      await parts.running.intake.stop(outOfTime);
      giveUp.abort();
      await parts.running.close();
    },
  };
};

const start = async (
  options: DispatcherOptions,
  parts: Parts,
  giveUp: AbortSignal,
): Promise<void> => {
  const { settings, log, onFatal, stepsOf } = options;
  await proveGuard();
  const sealing = await openHeaderSealing(settings, log);
  const metrics = createMetrics(manifest.version);
  const own = dispatcherMetrics(metrics);
  exportState(metrics, parts, settings);
  const admin = await openAdmin(settings, metrics, parts);
  const tracing = await openTracing(settings, traced, log);
  const nats = await connectNats(settings, "ringback-dispatcher", log, onFatal);
  parts.nats = nats;
  const created = await streamsFor(nats, settings, log, giveUp);
  const onInfo: StreamWatchOptions["onInfo"] = (name, info) => lookAt(name, info, nats, parts);
  const watch = watchStreams({ nats, created, onInfo, onStreamLost: onFatal, log });
  const view = subscriptionView(nats, log, onFatal);
  parts.view = view;
  await view.following.caughtUp;

  const sender = senderFor(settings);
  const presence = joinDispatchers(nats, log);
  // Of RETRIES: the clock of its leader is the one by which schedules are fired.
  const clock = await followServerClock(nats, STREAMS.retries, log, giveUp);
  Object.assign(parts, { sender, presence, clock });
  parts.storing = storingWatch(() => own.ownFaults.inc({ fault: "storage" }));
  const eventsCreatedMs = created.get(STREAMS.events) ?? 0;
  const { due } = presence;
  const stored = natsJournal({ nats, eventsCreatedMs, due, clock, log, signal: giveUp });
  const journal = watchedJournal(stored, parts.storing);
  const telling = tellingOn({ nats, find: view.find, metrics: own, log });
  const steps = stepsOf({ ...settleSteps(journal, telling), send: sender.send });
  const gate = gateFor(settings);
  parts.gate = gate;
  const made = { own, journal, steps, view, sealer: sealing.ring, gate, presence, clock };
  const deps = {
    ...handleDeps(options, made),
    ...traceDeps(tracing?.tracer, settings.FORWARD_TRACE_CONTEXT),
    onWarnings: eventWarningCounter(metrics, log),
  };
  const watches = startWatches(options, deps, nats, parts, clock);
  const intake = startIntake({
    nats,
    maxInFlight: settings.MAX_IN_FLIGHT,
    deps,
    created,
    management: settings.STREAM_MANAGEMENT,
    acknowledgedUpTo: () => parts.acknowledgedUpTo,
    onStreamLost: onFatal,
  });
  const follows = [clock.stop, view.following.stop, watch.stop];
  const stops = [...follows, ...watches, sender.close, sealing.stop];
  if (tracing !== undefined) stops.push(tracing.close);
  parts.running = { intake, close: () => telling.stop().then(() => closeAll(stops, nats, admin)) };
  await intake.started;
  parts.isPulling = true;
  log.info({ admin: admin.url }, "listening");
};

const openAdmin = async (
  { ADMIN_HOST: host, ADMIN_PORT: port }: DispatcherSettings,
  metrics: Metrics,
  parts: Parts,
): Promise<AdminServer> => {
  const checks = { live: [() => silence(parts)], ready: readiness(parts) };
  try {
    return await startAdminServer({ host, port, metrics, ...checks });
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`ADMIN_HOST, ADMIN_PORT: ${message}`, { cause });
  }
};
