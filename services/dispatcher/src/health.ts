import type { StreamInfo } from "@nats-io/jetstream";
import {
  DISPATCHER_CONSUMER,
  STREAMS,
  type StreamName,
} from "@ringback/contracts/streams/subjects";
import type { Check } from "@ringback/runtime/process/admin-server";
import { consumerInfo } from "@ringback/runtime/streams/consumers";
import { viewAgeSeconds } from "@ringback/runtime/streams/last-per-subject";
import type { Metrics } from "@ringback/runtime/telemetry/metrics";
import type { Nats } from "@ringback/runtime/nats/connection";
import { clockOffsetSeconds, type ServerClock } from "@ringback/runtime/nats/server-clock";
import type { DispatcherSettings } from "./config.ts";
import type { Gate } from "./limits/limiter.ts";
import type { Intake } from "./intake/intake.ts";
import type { Presence } from "./limits/membership.ts";
import type { Sender } from "./send/send.ts";
import type { StoringWatch } from "./settle/store-watch.ts";
import type { SubscriptionView } from "./delivery/subscriptions.ts";

/** How large a stream is. */
export type StreamSize = {
  readonly messages: number;
  readonly bytes: number;
  /** Where the server ends its growth; undefined: nowhere. */
  readonly maxBytes: number | undefined;
};

/** What there is so far: probes and gauges look at it, and are there before the rest. */
export type Parts = {
  /** What was last seen of each stream. */
  readonly streams: Map<StreamName, StreamSize>;
  nats?: Nats;
  view?: SubscriptionView;
  clock?: ServerClock;
  gate?: Gate;
  sender?: Sender;
  presence?: Presence;
  storing?: StoringWatch;
  /** Set as one, so that whatever pulls can also be stopped. */
  running?: { readonly intake: Intake; readonly close: () => Promise<void> };
  isPulling?: boolean;
  stopping?: boolean;
  backlog: number;
  retriesWaiting: number;
  acknowledgedUpTo?: number;
  retryOverdueMs?: number;
};

/** Without a turn of the intake for this long, consuming has stopped for good. */
const SILENT_FOR_MS = 60_000;

/**
 * Looks at a stream: for the gauges, and to know where a lost consumer would have to go on.
 */
export const lookAt = async (
  name: StreamName,
  { state: { messages, bytes }, config: { max_bytes } }: StreamInfo,
  nats: Nats,
  parts: Parts,
): Promise<void> => {
  parts.streams.set(name, { messages, bytes, maxBytes: max_bytes > 0 ? max_bytes : undefined });
  if (name !== STREAMS.events && name !== STREAMS.retries) return;
  const info = await consumerInfo(nats, name, DISPATCHER_CONSUMER);
  if (info === undefined) return;
  if (name === STREAMS.events) {
    parts.backlog = info.num_pending;
    parts.acknowledgedUpTo = info.ack_floor.stream_seq;
  } else {
    // All but what is due by now: the schedules.
    parts.retriesWaiting = Math.max(0, messages - info.num_pending - info.num_ack_pending);
  }
};

/** Liveness: says how long nothing was pulled, when it is too long. */
export const silence = ({ running, stopping }: Parts): string | undefined => {
  if (running === undefined || stopping === true) return undefined;
  const silentMs = performance.now() - running.intake.lastTurnMs();
  return silentMs > SILENT_FOR_MS ? `nothing was pulled for ${Math.round(silentMs)} ms` : undefined;
};

/** What must be true before this process is ready. */
export const readiness = (parts: Parts): Check[] => [
  () => (parts.stopping === true ? "stopping" : undefined),
  () => (parts.nats === undefined ? "not connected to NATS" : parts.nats.problem()),
  () => viewProblem(parts),
  () => (parts.nats?.problem() === undefined ? parts.storing?.problem() : undefined),
  () => (parts.isPulling === true ? undefined : "not pulling events yet"),
  () => (parts.nats?.problem() === undefined ? parts.running?.intake.problem() : undefined),
];

const viewProblem = ({ nats, view }: Parts): string | undefined => {
  if (view?.following.isCaughtUp() !== true)
    return "the view of the subscriptions has not caught up";
  if (nats?.problem() !== undefined) return undefined; // which says it all
  const unavailable = view.following.unavailable();
  if (unavailable !== undefined) return unavailable;
  return view.following.isCurrent() ? undefined : "the view of the subscriptions may be behind";
};

/** Gauges of the state that there is when the page is read. */
export const exportState = (metrics: Metrics, parts: Parts, settings: DispatcherSettings): void => {
  const { gauge } = metrics;
  gauge(
    "ringback_attempts_in_flight",
    "Attempts at this moment",
    () => parts.gate?.inFlight() ?? 0,
  );
  gauge("ringback_attempts_in_flight_limit", "Most attempts at once in this process").set(
    settings.MAX_IN_FLIGHT,
  );
  gauge("ringback_backlog_events", "Events stored and not taken yet", () => parts.backlog);
  gauge("ringback_retries_waiting", "Retries that are not due yet", () => parts.retriesWaiting);
  gauge(
    "ringback_retry_overdue_seconds",
    "How long the most overdue retry is overdue, by the dispatcher that watches; 0: none",
    () => (parts.retryOverdueMs ?? 0) / 1_000,
  );
  gauge("ringback_agents", "Agents registered", () => parts.view?.counts().agents ?? 0);
  gauge(
    "ringback_subscriptions",
    "Subscriptions of all agents",
    () => parts.view?.counts().subscriptions ?? 0,
  );
  gauge(
    "ringback_dispatchers",
    "Dispatchers that share the limits of subscriptions, this one included",
    () => parts.presence?.dispatchers() ?? 0,
  );
  gauge(
    "ringback_subscriptions_view_age_seconds",
    "How long ago the copy of the subscriptions was last known to be complete",
    () => viewAgeSeconds(parts.view?.following),
  );
  gauge(
    "ringback_clock_offset_seconds",
    "This machine's clock less that of NATS; 0 until it is known",
    () => clockOffsetSeconds(parts.clock),
  );
  gauge("ringback_nats_connected", "1 while connected to NATS", () =>
    parts.nats?.isConnected() === true ? 1 : 0,
  );
  exportStreams(metrics, parts);
};

const exportStreams = ({ gaugeBy }: Metrics, { streams }: Parts): void => {
  const each = (measure: (size: StreamSize) => number | undefined) => () =>
    new Map(
      [...streams].flatMap(([name, size]) => {
        const measured = measure(size);
        return measured === undefined ? [] : [[name, measured] as const];
      }),
    );
  gaugeBy(
    "ringback_stream_messages",
    "Messages that a stream holds",
    "stream",
    each(({ messages }) => messages),
  );
  gaugeBy(
    "ringback_stream_size_bytes",
    "What a stream holds on each of its servers",
    "stream",
    each(({ bytes }) => bytes),
  );
  gaugeBy(
    "ringback_stream_limit_bytes",
    "Size that a stream may reach; none without a limit. EVENTS refuses events there",
    "stream",
    each(({ maxBytes }) => maxBytes),
  );
};
