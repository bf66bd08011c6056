import { eventRules } from "@ringback/runtime/settings/event-settings";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import type { Metrics } from "@ringback/runtime/telemetry/metrics";
import type { Nats } from "@ringback/runtime/nats/connection";
import type { ServerClock } from "@ringback/runtime/nats/server-clock";
import type { Tracer } from "@ringback/runtime/telemetry/tracer";
import { wantedStreams } from "@ringback/runtime/streams/stream-config";
import { processName } from "@ringback/runtime/streams/last-start";
import { ensureStreams } from "@ringback/runtime/streams/streams";
import type { StreamOrigins } from "@ringback/contracts/streams/stream-origin";
import manifest from "../package.json" with { type: "json" };
import { operatorsPolicy, type DispatcherSettings } from "./config.ts";
import type { PostponePolicy } from "./delivery/decide/postpone.ts";
import type { HealthEvaluationPolicy } from "./endpoint-health/health-evaluation.ts";
import { endpointFilters } from "./intake/endpoint-filters.ts";
import { eventWarningCounter } from "./intake/event-warnings.ts";
import type { MessageDeps } from "./intake/take-message.ts";
import { createLimiter, type Limiter } from "./limits/limiter.ts";
import type { Membership } from "./limits/membership.ts";
import { observeStart, type DispatcherMetrics } from "./metrics.ts";
import type { RepairPolicy } from "./repair/decide/due.ts";
import { networkOutageDetector } from "./send/network-outage.ts";
import { createSender, type Sender } from "./send/send.ts";
import { attemptLog } from "./settle/attempt-log.ts";
import type { SettleSteps } from "./settle/settle.ts";
import type { SubscriptionView } from "./subscriptions/subscription-view.ts";
import { attemptTracer } from "./tracing/attempt-span.ts";
import { messageTracer } from "./tracing/delivery-span.ts";

/** The steps of a delivery that touch the outside, in their order. */
type Steps = SettleSteps & { readonly send: Sender["send"] };

export type DispatcherOptions = {
  readonly settings: DispatcherSettings;
  readonly log: Logger;
  /** Called once when the process cannot go on. */
  readonly onFatal: (error: unknown) => void;
  /** The steps as they are, or with something around them. */
  readonly wrapSteps: (steps: Steps) => Steps;
  readonly postpone: PostponePolicy;
  readonly repair: RepairPolicy;
  readonly healthEvaluation: HealthEvaluationPolicy;
};

const MIN_POOLS = 256;

/** The limiter, by what the operator set. */
export const limiterFor = (settings: DispatcherSettings): Limiter => {
  const { MAX_IN_FLIGHT: maxInFlight, ENDPOINT_MAX_IN_FLIGHT: destinationMaxInFlight } = settings;
  return createLimiter({ maxInFlight, destinationMaxInFlight }, monotonic);
};

/** Creates or checks the streams, once NATS has them. */
export const streamsFor = (
  { jsm }: Nats,
  settings: DispatcherSettings,
  log: Logger,
  signal: AbortSignal,
): Promise<StreamOrigins> =>
  ensureStreams(jsm, wantedStreams(settings), {
    log,
    signal,
    management: settings.STREAM_MANAGEMENT,
    recreate: settings.MAKE_LOST_STREAMS,
    precedence: { process: processName("dispatcher") },
  });

/** The sender, by what the operator set. */
export const senderFor = (settings: DispatcherSettings): Sender =>
  createSender({
    defaultTimeoutMs: settings.DELIVERY_TIMEOUT,
    maxConnectionsPerOrigin: settings.MAX_IN_FLIGHT,
    maxPools: Math.max(MIN_POOLS, settings.MAX_IN_FLIGHT),
    allowedPrivateCidrs: settings.ALLOWED_PRIVATE_CIDRS,
    deniedCidrs: settings.DENIED_CIDRS,
    names: { useSystemNames: settings.ALLOW_INSECURE_HTTP },
    extraCa: settings.EXTRA_CA_FILE ?? [],
    proxy: settings.EGRESS_PROXY,
  });

/** For times that are measured inside the process. */
const monotonic = (): number => performance.now();

type Parts = Pick<MessageDeps, "store" | "sealer" | "limiter" | "ordering"> & {
  readonly metrics: Metrics;
  readonly own: DispatcherMetrics;
  readonly steps: Steps;
  readonly view: SubscriptionView;
  readonly membership: Membership;
  readonly clock: ServerClock;
  readonly tracer: Tracer | undefined;
};

/** What messages are handled with; each step takes the few parts that it needs. */
export const messageDeps = (
  { settings, log, postpone }: DispatcherOptions,
  { metrics, own, store, steps, view, sealer, limiter, ordering, membership, clock, tracer }: Parts,
): MessageDeps => ({
  store,
  ordering,
  steps,
  postpone,
  send: steps.send,
  metrics: own,
  log,
  logAttempt: attemptLog(log, settings.LOG_DELIVERED_ONE_IN),
  find: view.find,
  candidates: view.candidates,
  matching: endpointFilters(metrics, log),
  findOwnType: view.findOwnType,
  sealer,
  urlPolicy: {
    allowInsecureHttp: settings.ALLOW_INSECURE_HTTP,
    allowedPrivateCidrs: settings.ALLOWED_PRIVATE_CIDRS,
    allowedPorts: settings.ALLOWED_PORTS,
  },
  limiter,
  detectNetworkOutage: networkOutageDetector(monotonic),
  operatorsPolicy: operatorsPolicy(settings),
  eventRules: eventRules(settings, view.isOwnType),
  dispatchers: membership.dispatchers,
  userAgent: `Ringback/${manifest.version}`,
  now: () => Date.now(), // the wall clock, for times that leave this process
  ownTimeOf: (serverMs) => serverMs - clock.aheadMs(),
  random: Math.random,
  onStart: (delivery, startedMs, traceId) => observeStart(own, startedMs, delivery, traceId),
  onWarnings: eventWarningCounter(metrics, log),
  ...(tracer !== undefined && {
    traceMessages: messageTracer(tracer),
    traceAttempt: attemptTracer(tracer, settings.FORWARD_TRACE_CONTEXT),
  }),
});
