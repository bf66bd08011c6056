import type { ServerClock } from "@ringback/runtime/nats/server-clock";
import type { DispatcherOptions, Steps } from "./dispatcher.ts";
import type { Sealer } from "@ringback/contracts/secrets/subscription-secrets";
import { eventRules } from "@ringback/runtime/settings/event-settings";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import { type Nats } from "@ringback/runtime/nats/connection";
import { wantedStreams } from "@ringback/runtime/streams/stream-config";
import { ensureStreams, type StreamCreation } from "@ringback/runtime/streams/streams";
import manifest from "../package.json" with { type: "json" };
import { operatorsPolicy, type DispatcherSettings } from "./config.ts";
import { createGate, type Gate } from "./limits/limiter.ts";
import type { HandleDeps } from "./intake/handle-event.ts";
import { type Journal } from "./settle/delivery-store.ts";
import { type DispatcherMetrics } from "./metrics.ts";
import { ownNetworkWatch } from "./send/network-outage.ts";
import { type Presence } from "./limits/membership.ts";
import { createSender, type Sender } from "./send/send.ts";
import { type SubscriptionView } from "./delivery/subscriptions.ts";

const MIN_POOLS = 256;

/** Attempts at once, by what the operator set. */
export const gateFor = ({ MAX_IN_FLIGHT, ENDPOINT_MAX_IN_FLIGHT }: DispatcherSettings): Gate =>
  createGate(
    { maxInFlight: MAX_IN_FLIGHT, destinationMaxInFlight: ENDPOINT_MAX_IN_FLIGHT },
    monotonic,
  );

/** The streams as they have to be, once they are there. */
export const streamsFor = (
  { jsm }: Nats,
  settings: DispatcherSettings,
  log: Logger,
  giveUp: AbortSignal,
): Promise<StreamCreation> =>
  ensureStreams(jsm, wantedStreams(settings), log, giveUp, {
    management: settings.STREAM_MANAGEMENT,
    makeAnew: settings.MAKE_LOST_STREAMS,
  });

/** The one way out, by what the operator set. */
export const senderFor = (settings: DispatcherSettings): Sender =>
  createSender({
    usualTimeoutMs: settings.DELIVERY_TIMEOUT,
    maxConnectionsPerOrigin: settings.MAX_IN_FLIGHT,
    maxPools: Math.max(MIN_POOLS, settings.MAX_IN_FLIGHT),
    allowedPrivateCidrs: settings.ALLOWED_PRIVATE_CIDRS,
    deniedCidrs: settings.DENIED_CIDRS,
    names: { useSystemNames: settings.ALLOW_INSECURE_HTTP },
    extraCa: settings.EXTRA_CA_FILE ?? [],
    proxy: settings.EGRESS_PROXY,
  });

/** The wall clock, in ms since 1970: for what leaves this process. */
export const now = (): number => Date.now();

/** For what is measured and waited for inside the process. */
const monotonic = (): number => performance.now();

export type Made = {
  readonly own: DispatcherMetrics;
  readonly journal: Journal;
  readonly steps: Steps;
  readonly view: SubscriptionView;
  readonly sealer: Sealer;
  readonly gate: Gate;
  readonly presence: Presence;
  readonly clock: ServerClock;
};

/** What every delivery is handled with. */
export const handleDeps = (
  { settings, log, holdBack }: DispatcherOptions,
  { own, journal, steps, view, sealer, gate, presence, clock }: Made,
): Omit<HandleDeps, "onWarnings"> => {
  return {
    journal,
    steps,
    holdBack,
    send: steps.send,
    metrics: own,
    log,
    find: view.find,
    findOwnType: view.findOwnType,
    sealer,
    urlPolicy: {
      allowInsecureHttp: settings.ALLOW_INSECURE_HTTP,
      allowedPrivateCidrs: settings.ALLOWED_PRIVATE_CIDRS,
      allowedPorts: settings.ALLOWED_PORTS,
    },
    gate,
    ownNetwork: ownNetworkWatch(monotonic),
    operatorsPolicy: operatorsPolicy(settings),
    eventRules: eventRules(settings, view.isOwnType),
    dispatchers: presence.dispatchers,
    userAgent: `Ringback/${manifest.version}`,
    now,
    ownTimeOf: (serverMs) => serverMs - clock.aheadMs(),
    chance: Math.random,
    onStart: ({ attempt, storedAtMs, dueMs, trigger }, startedMs) => {
      if (trigger === "redelivery") return; // asked for now: neither late nor the first
      if (attempt === 1) own.firstAttemptDelay.observe(Math.max(0, startedMs - storedAtMs) / 1_000);
      else if (dueMs !== undefined)
        own.retryLateness.observe(Math.max(0, startedMs - dueMs) / 1_000);
    },
  };
};
