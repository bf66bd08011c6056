import type { StreamInfo } from "@nats-io/jetstream";
import {
  DISPATCHER_CONSUMER,
  STREAMS,
  type StreamName,
} from "@ringback/contracts/streams/subjects";
import {
  startAdminServer,
  type AdminServer,
  type Check,
} from "@ringback/runtime/process/admin-server";
import { consumerInfo } from "@ringback/runtime/streams/consumers";
import { viewAgeSeconds } from "@ringback/runtime/streams/last-per-subject";
import type { Metrics } from "@ringback/runtime/telemetry/metrics";
import type { Nats } from "@ringback/runtime/nats/connection";
import { clockOffsetSeconds, type ServerClock } from "@ringback/runtime/nats/server-clock";
import type { DispatcherSettings } from "./config.ts";
import type { Ordering } from "./order/ordering.ts";
import type { Limiter } from "./limits/limiter.ts";
import type { Intake } from "./intake/intake.ts";
import type { Membership } from "./limits/membership.ts";
import type { Sender } from "./send/send.ts";
import type { StoringWatch } from "./settle/store-watch.ts";
import type { SubscriptionView } from "./subscriptions/subscription-view.ts";

/** How large a stream is. */
type StreamSize = {
  readonly messages: number;
  readonly bytes: number;
  /** Where the server ends its growth; undefined: nowhere. */
  readonly maxBytes: number | undefined;
};

/** The parts of a dispatcher so far: probes and gauges read it, and start before the rest. */
export type DispatcherState = {
  /** Each stream as last observed. */
  readonly streams: Map<StreamName, StreamSize>;
  nats?: Nats;
  view?: SubscriptionView;
  clock?: ServerClock;
  limiter?: Limiter;
  ordering?: Ordering;
  sender?: Sender;
  membership?: Membership;
  storing?: StoringWatch;
  /** Set together, so that everything that pulls can also be stopped. */
  running?: { readonly intake: Intake; readonly close: () => Promise<void> };
  isPulling?: boolean;
  stopping?: boolean;
  backlog: number;
  retriesWaiting: number;
  acknowledgedUpTo?: number;
  retryOverdueMs?: number;
};

/** When the intake has not pulled for this long, it never will again. */
const SILENT_FOR_MS = 60_000;

/** Notes a stream's state: for the gauges, and for where a lost consumer would have to go on. */
export const observeStream = async (
  name: StreamName,
  { state: { messages, bytes }, config: { max_bytes } }: StreamInfo,
  nats: Nats,
  state: DispatcherState,
): Promise<void> => {
  state.streams.set(name, { messages, bytes, maxBytes: max_bytes > 0 ? max_bytes : undefined });
  if (name !== STREAMS.events && name !== STREAMS.retries) return;
  const info = await consumerInfo(nats, name, DISPATCHER_CONSUMER);
  if (info === undefined) return;
  if (name === STREAMS.events) {
    state.backlog = info.num_pending;
    state.acknowledgedUpTo = info.ack_floor.stream_seq;
  } else {
    // The schedules: all but what is due by now.
    state.retriesWaiting = Math.max(0, messages - info.num_pending - info.num_ack_pending);
  }
};

/** Liveness: how long nothing was pulled, when that is too long. */
const silence = ({ running, stopping }: DispatcherState): string | undefined => {
  if (running === undefined || stopping === true) return undefined;
  const silentMs = performance.now() - running.intake.lastLoopMs();
  return silentMs > SILENT_FOR_MS ? `nothing was pulled for ${Math.round(silentMs)} ms` : undefined;
};

/** What must hold before this process is ready. */
const readiness = (state: DispatcherState): Check[] => [
  () => (state.stopping === true ? "stopping" : undefined),
  () => (state.nats === undefined ? "not connected to NATS" : state.nats.problem()),
  () => viewProblem(state),
  () => (state.nats?.problem() === undefined ? state.storing?.problem() : undefined),
  () => (state.isPulling === true ? undefined : "not pulling events yet"),
  () => (state.nats?.problem() === undefined ? state.running?.intake.problem() : undefined),
];

const viewProblem = ({ nats, view }: DispatcherState): string | undefined => {
  if (view?.following.isCaughtUp() !== true)
    return "the view of the subscriptions has not caught up";
  if (nats?.problem() !== undefined) return undefined; // reported already
  const unavailable = view.following.unavailable();
  if (unavailable !== undefined) return unavailable;
  return view.following.isCurrent() ? undefined : "the view of the subscriptions may be behind";
};

/** Opens the port of probes and metrics. */
export const openAdmin = async (
  { ADMIN_HOST: host, ADMIN_PORT: port }: DispatcherSettings,
  metrics: Metrics,
  state: DispatcherState,
): Promise<AdminServer> => {
  const checks = { live: [() => silence(state)], ready: readiness(state) };
  try {
    return await startAdminServer({ host, port, metrics, ...checks });
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`ADMIN_HOST, ADMIN_PORT: ${message}`, { cause });
  }
};

/** Gauges of the state at the time when the page is read. */
export const exportState = (
  metrics: Metrics,
  state: DispatcherState,
  settings: DispatcherSettings,
): void => {
  const { gauge } = metrics;
  gauge(
    "ringback_attempts_in_flight",
    "Attempts at this moment",
    () => state.limiter?.inFlight() ?? 0,
  );
  gauge("ringback_attempts_in_flight_limit", "Most attempts at once in this process").set(
    settings.MAX_IN_FLIGHT,
  );
  gauge("ringback_backlog_events", "Events stored and not taken yet", () => state.backlog);
  gauge("ringback_retries_waiting", "Retries that are not due yet", () => state.retriesWaiting);
  gauge(
    "ringback_order_waiting",
    "Deliveries that this dispatcher put off until earlier events of their call end, and has not seen again",
    () => state.ordering?.waiting() ?? 0,
  );
  gauge(
    "ringback_retry_overdue_seconds",
    "How long the most overdue retry is overdue, by the dispatcher that watches; 0: none",
    () => (state.retryOverdueMs ?? 0) / 1_000,
  );
  gauge("ringback_agents", "Agents registered", () => state.view?.counts().agents ?? 0);
  gauge(
    "ringback_subscriptions",
    "Subscriptions of all agents",
    () => state.view?.counts().subscriptions ?? 0,
  );
  gauge(
    "ringback_endpoints",
    "Endpoints of all workspaces, also those that are off",
    () => state.view?.counts().endpoints ?? 0,
  );
  gauge(
    "ringback_dispatchers",
    "Dispatchers that share the limits of subscriptions, this one included",
    () => state.membership?.dispatchers() ?? 0,
  );
  gauge(
    "ringback_subscriptions_view_age_seconds",
    "How long ago the copy of the subscriptions was last known to be complete",
    () => viewAgeSeconds(state.view?.following),
  );
  gauge(
    "ringback_clock_offset_seconds",
    "This machine's clock less that of NATS; 0 until it is known",
    () => clockOffsetSeconds(state.clock),
  );
  gauge("ringback_nats_connected", "1 while connected to NATS", () =>
    state.nats?.isConnected() === true ? 1 : 0,
  );
  exportStreams(metrics, state);
};

const exportStreams = ({ gaugeBy }: Metrics, { streams }: DispatcherState): void => {
  const gauge = (name: string, help: string, key: keyof StreamSize) =>
    gaugeBy(name, help, "stream", () => {
      const sizes = [...streams].map(([stream, size]) => [stream, size[key]] as const);
      return new Map(sizes.flatMap(([stream, n]) => (n === undefined ? [] : [[stream, n]])));
    });
  gauge("ringback_stream_messages", "Messages that a stream holds", "messages");
  gauge("ringback_stream_size_bytes", "What a stream holds on each of its servers", "bytes");
  gauge(
    "ringback_stream_limit_bytes",
    "Size that a stream may reach; none without a limit. EVENTS refuses events there",
    "maxBytes",
  );
};
