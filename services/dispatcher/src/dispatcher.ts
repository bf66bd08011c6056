import type { Sealer } from "@ringback/contracts/subscription-secrets";
import { STREAMS } from "@ringback/contracts/subjects";
import { startAdminServer, type AdminServer } from "@ringback/runtime/admin-server";
import { pause } from "@ringback/runtime/backoff";
import type { Logger } from "@ringback/runtime/logger";
import { createMetrics, type Metrics } from "@ringback/runtime/metrics";
import { openHeaderSealing } from "@ringback/runtime/sealed-headers";
import { connectNats, type Nats } from "@ringback/runtime/nats";
import { wantedStreams } from "@ringback/runtime/stream-config";
import { watchStreams } from "@ringback/runtime/stream-watch";
import { ensureStreams } from "@ringback/runtime/streams";
import manifest from "../package.json" with { type: "json" };
import type { DispatcherSettings } from "./config.ts";
import type { HoldBackPolicy } from "./decide/retry.ts";
import { createGate, type Gate } from "./gate.ts";
import type { HandleDeps } from "./handle-event.ts";
import { exportState, lookAt, readiness, silence, type Parts } from "./health.ts";
import { startIntake } from "./intake.ts";
import { natsJournal, type Journal } from "./journal.ts";
import { dispatcherMetrics, type DispatcherMetrics } from "./metrics.ts";
import { ownNetworkWatch } from "./own-network.ts";
import { proveGuard } from "./send/guard-self-test.ts";
import { createSender, type Sender } from "./send/send.ts";
import { settleSteps, type SettleSteps } from "./settle.ts";
import { subscriptionView, type SubscriptionView } from "./subscription-view.ts";

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
};

export type Dispatcher = {
  /** Resolves once deliveries are made; rejects with what keeps them from being made. */
  readonly ready: Promise<void>;
  /** Stops pulling, finishes what is in flight, gives back the rest; `outOfTime` ends the waiting. */
  readonly stop: (outOfTime: AbortSignal) => Promise<void>;
};

const MIN_POOLS = 256;

/** Starts a dispatcher: the probes at once, the rest as soon as NATS is there. */
export const startDispatcher = (options: DispatcherOptions): Dispatcher => {
  const parts: Parts = { backlog: 0, retriesWaiting: 0 };
  const giveUp = new AbortController();
  const started = start(options, parts, giveUp.signal);
  return {
    ready: started,
    stop: async (outOfTime) => {
      parts.stopping = true;
      outOfTime.addEventListener("abort", () => giveUp.abort(), { once: true });
      // One that still waits for NATS has nothing to finish.
      if (parts.running === undefined) return;
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
  const nats = await connectNats(settings, "ringback-dispatcher", log);
  parts.nats = nats;
  const created = await ensureStreams(nats.jsm, wantedStreams(settings), log, giveUp);
  const watch = watchStreams({
    nats,
    created,
    onInfo: (name, info) => lookAt(name, info.state, nats, parts),
    onStreamLost: onFatal,
    log,
  });
  const view = subscriptionView(nats, log, onFatal);
  parts.view = view;
  await view.following.caughtUp;

  const sender = senderFor(settings);
  const journal = natsJournal(nats, created.get(STREAMS.events) ?? 0, log, giveUp);
  const steps = stepsOf({ ...settleSteps(journal), send: sender.send });
  const gate = createGate(
    { maxInFlight: settings.MAX_IN_FLIGHT, endpointMaxInFlight: settings.ENDPOINT_MAX_IN_FLIGHT },
    now,
  );
  parts.gate = gate;
  const intake = startIntake({
    nats,
    maxInFlight: settings.MAX_IN_FLIGHT,
    deps: {
      ...handleDeps(settings, log, own, journal, steps, view, sealing.ring, gate),
      holdBack: options.holdBack,
    },
    created,
    acknowledgedUpTo: () => parts.acknowledgedUpTo,
    onStreamLost: onFatal,
  });
  const close = async (): Promise<void> => {
    const stopped = Promise.all([
      view.following.stop(),
      watch.stop(),
      sender.close(),
      sealing.stop(),
    ]);
    await drain(nats); // ends what they still ask of a server that does not answer
    await stopped;
    await admin.close();
  };
  parts.running = { intake, close };
  await intake.started;
  parts.isPulling = true;
  log.info({ admin: admin.url }, "listening");
};

const senderFor = (settings: DispatcherSettings): Sender =>
  createSender({
    timeoutMs: settings.DELIVERY_TIMEOUT,
    maxConnectionsPerOrigin: settings.MAX_IN_FLIGHT,
    maxPools: Math.max(MIN_POOLS, settings.MAX_IN_FLIGHT),
    allowedPrivateCidrs: settings.ALLOWED_PRIVATE_CIDRS,
    deniedCidrs: settings.DENIED_CIDRS,
    names: { useSystemNames: settings.ALLOW_INSECURE_HTTP },
    extraCa: settings.EXTRA_CA_FILE ?? [],
    proxy: settings.EGRESS_PROXY,
  });

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

const now = (): number => Date.now();

const handleDeps = (
  settings: DispatcherSettings,
  log: Logger,
  own: DispatcherMetrics,
  journal: Journal,
  steps: Steps,
  view: SubscriptionView,
  sealer: Sealer,
  gate: Gate,
): Omit<HandleDeps, "holdBack"> => {
  return {
    journal,
    steps,
    send: steps.send,
    metrics: own,
    log,
    find: view.find,
    sealer,
    urlPolicy: {
      allowInsecureHttp: settings.ALLOW_INSECURE_HTTP,
      allowedPrivateCidrs: settings.ALLOWED_PRIVATE_CIDRS,
      allowedPorts: settings.ALLOWED_PORTS,
    },
    gate,
    ownNetwork: ownNetworkWatch(now),
    retryPolicy: { delaysMs: settings.RETRY_DELAYS, jitter: settings.RETRY_JITTER },
    isSuccess: settings.SUCCESS_STATUS,
    userAgent: `Ringback/${manifest.version}`,
    now,
    chance: Math.random,
    onStart: ({ attempt, storedAtMs, dueMs }, startedMs) => {
      if (attempt === 1) own.firstAttemptDelay.observe(Math.max(0, startedMs - storedAtMs) / 1_000);
      else if (dueMs !== undefined)
        own.retryLateness.observe(Math.max(0, startedMs - dueMs) / 1_000);
    },
  };
};

const DRAIN_MS = 2_000;

/** Sends what is still in the client's buffers; gives up on it where no server answers. */
const drain = async ({ connection, isConnected }: Nats): Promise<void> => {
  const drained = isConnected() ? connection.drain().catch(() => undefined) : undefined;
  // The client's drain never ends when the connection is closed meanwhile: it is not waited for then.
  await Promise.race([drained, pause(DRAIN_MS)]);
  await connection.close();
};
