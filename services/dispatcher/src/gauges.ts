import { exportReadiness } from "@ringback/runtime/process/admin-server";
import { clockOffsetSeconds } from "@ringback/runtime/nats/server-clock";
import { viewAgeSeconds } from "@ringback/runtime/streams/last-per-subject";
import type { Metrics } from "@ringback/runtime/telemetry/metrics";
import type { DispatcherSettings } from "./config.ts";
import { readiness, type DispatcherState } from "./health.ts";
import { usablePermits } from "./limits/decide/shares.ts";
import { dueWaiting } from "./observe/decide/due-first.ts";
import type { Waiting } from "./observe/decide/first-attempts.ts";
import type { StreamSize } from "./observe/observations.ts";

/**
 * Gauges of the state at the time when the page is read. What cannot be known then, as NATS is away or does not permit
 * it, has no series: 0 would say that nothing waits.
 */
export const exportState = (
  metrics: Metrics,
  state: DispatcherState,
  settings: DispatcherSettings,
): void => {
  exportReadiness(metrics, readiness(state));
  exportWork(metrics, state, settings);
  exportFirstAttempts(metrics, state);
  exportConfiguration(metrics, state);
  exportStreams(metrics, state);
};

const exportWork = (
  { gauge }: Metrics,
  state: DispatcherState,
  settings: DispatcherSettings,
): void => {
  gauge(
    "ringback_attempts_in_flight",
    "Attempts at this moment",
    () => state.limiter?.inFlight() ?? 0,
  );
  gauge("ringback_attempts_in_flight_limit", "Most attempts at once in this process").set(
    settings.MAX_IN_FLIGHT,
  );
  gauge(
    "ringback_attempts_in_flight_usable",
    "Most attempts that the workspaces which have some now may have together, without what is kept back for endpoints that respond soon",
    () => state.limiter?.usable() ?? usablePermits(settings.MAX_IN_FLIGHT, 0),
  );
  gauge(
    "ringback_backlog_events",
    "Events stored and not taken yet",
    () => state.observed?.backlog()?.waiting,
  );
  gauge(
    "ringback_retries_waiting",
    "Retries that are not due yet",
    () => state.observed?.retries()?.scheduled,
  );
  gauge(
    "ringback_backlog_retries",
    "Retries, and deliveries that were deferred, that are due and not taken yet",
    () => state.observed?.retries()?.due,
  );
  gauge(
    "ringback_backlog_retries_oldest_seconds",
    "How long ago the oldest of them became due; 0: nothing waits",
    () => {
      const retries = state.observed?.retries();
      const oldestAtMs = state.observed?.dueRetries()?.oldestAtMs;
      return retries === undefined ? undefined : ageSeconds(state, retries.due, oldestAtMs);
    },
  );
  gauge(
    "ringback_order_waiting",
    "Deliveries that this dispatcher put off until earlier events of their call end, and has not seen again",
    () => state.ordering?.waiting() ?? 0,
  );
  gauge(
    "ringback_retry_overdue_seconds",
    "How long the most overdue retry is overdue, by the dispatcher that watches; 0: none",
    () => {
      const { nats, retryOverdueMs: ms } = state;
      return ms !== undefined && nats?.isConnected() === true ? ms / 1_000 : undefined;
    },
  );
};

/** How old the oldest of what waits is; 0 where nothing does, and undefined where that is not known. */
const ageSeconds = (
  { clock }: DispatcherState,
  waiting: number,
  oldestAtMs: number | undefined,
): number | undefined => {
  if (waiting === 0) return 0;
  if (oldestAtMs === undefined || clock === undefined) return undefined;
  return Math.max(0, clock.nowMs() - oldestAtMs) / 1_000;
};

/**
 * What events that were never attempted wait for: those on EVENTS, those that are due on RETRIES, and by the dispatcher
 * that watches those that are scheduled there.
 */
const firstAttemptsBy = (state: DispatcherState): ReadonlyMap<string, Waiting> => {
  const found = new Map<string, Waiting>();
  const backlog = state.observed?.backlog();
  if (backlog !== undefined) found.set("backlog", backlog);
  if (state.nats?.isConnected() !== true || state.clock === undefined) return found;
  const nowMs = state.clock.nowMs();
  const due = state.observed?.dueRetries();
  if (due !== undefined) found.set("due", dueWaiting(due.first, nowMs));
  const deferred = state.firstAttempts?.counts(nowMs);
  return new Map([...found, ...(deferred ?? [])]);
};

const exportFirstAttempts = ({ gaugeBy }: Metrics, state: DispatcherState): void => {
  const gauge = (name: string, help: string, shown: (waiting: Waiting) => number | undefined) =>
    gaugeBy(name, help, "reason", () => {
      const found = [...firstAttemptsBy(state)].map(
        ([reason, one]) => [reason, shown(one)] as const,
      );
      return new Map(found.flatMap(([reason, n]) => (n === undefined ? [] : [[reason, n]])));
    });
  gauge(
    "ringback_first_attempts_waiting",
    "Deliveries that were never attempted, by what they wait for",
    ({ waiting }) => waiting,
  );
  gauge(
    "ringback_first_attempts_waiting_late",
    "Those of them whose event was stored more than 5 s ago",
    ({ late }) => late,
  );
  gauge(
    "ringback_first_attempts_waiting_oldest_seconds",
    "How long ago the oldest event of them was stored; 0: nothing waits",
    ({ waiting, oldestAtMs }) => ageSeconds(state, waiting, oldestAtMs),
  );
};

const exportConfiguration = ({ gauge }: Metrics, state: DispatcherState): void => {
  // Before all of it is read its counts are those of a part.
  const counts = () =>
    state.view?.following.isCaughtUp() === true ? state.view.counts() : undefined;
  gauge("ringback_agents", "Agents registered", () => counts()?.agents);
  gauge("ringback_subscriptions", "Subscriptions of all agents", () => counts()?.subscriptions);
  gauge(
    "ringback_endpoints",
    "Endpoints of all workspaces, also those that are off",
    () => counts()?.endpoints,
  );
  gauge(
    "ringback_dispatchers",
    "Dispatchers that share the limits of subscriptions, this one included",
    () => state.membership?.counted(),
  );
  gauge(
    "ringback_subscriptions_view_age_seconds",
    "How long ago the copy of the subscriptions was last known to be complete",
    () => viewAgeSeconds(state.view?.following),
  );
  gauge("ringback_clock_offset_seconds", "This machine's clock less that of NATS", () =>
    clockOffsetSeconds(state.clock),
  );
  gauge("ringback_nats_connected", "1 while connected to NATS", () =>
    state.nats?.isConnected() === true ? 1 : 0,
  );
};

const exportStreams = ({ gaugeBy }: Metrics, state: DispatcherState): void => {
  const gauge = (name: string, help: string, key: keyof StreamSize) =>
    gaugeBy(name, help, "stream", () => {
      const sizes = [...(state.observed?.sizes() ?? [])];
      const found = sizes.map(([stream, size]) => [stream, size[key]] as const);
      return new Map(found.flatMap(([stream, n]) => (n === undefined ? [] : [[stream, n]])));
    });
  gauge("ringback_stream_messages", "Messages that a stream holds", "messages");
  gauge("ringback_stream_size_bytes", "What a stream holds on each of its servers", "bytes");
  gauge(
    "ringback_stream_limit_bytes",
    "Size that a stream may reach; none without a limit. EVENTS refuses events there",
    "maxBytes",
  );
};
