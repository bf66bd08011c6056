import {
  startAdminServer,
  type AdminServer,
  type Readiness,
} from "@ringback/runtime/process/admin-server";
import type { Metrics } from "@ringback/runtime/telemetry/metrics";
import type { Nats } from "@ringback/runtime/nats/connection";
import type { ServerClock } from "@ringback/runtime/nats/server-clock";
import type { DispatcherSettings } from "./config.ts";
import type { Ordering } from "./order/ordering.ts";
import type { Limiter } from "./limits/limiter.ts";
import type { Intake } from "./intake/intake.ts";
import type { Membership } from "./limits/membership.ts";
import type { FirstAttempts } from "./observe/decide/first-attempts.ts";
import type { Observations } from "./observe/observations.ts";
import type { Sender } from "./send/send.ts";
import type { StoringWatch } from "./settle/store-watch.ts";
import type { SubscriptionView } from "./subscriptions/subscription-view.ts";

/** The parts of a dispatcher so far: probes and gauges read it, and start before the rest. */
export type DispatcherState = {
  nats?: Nats;
  observed?: Observations;
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
  /** Of the retry reconciler: only the dispatcher that runs it knows. */
  retryOverdueMs?: number | undefined;
  /** The same: deliveries that were never attempted and wait on RETRIES. */
  firstAttempts?: FirstAttempts | undefined;
};

/** When the intake has not pulled for this long, it never will again. */
const SILENT_FOR_MS = 60_000;

/** Liveness: how long nothing was pulled, when that is too long. */
const silence = ({ running, stopping }: DispatcherState): string | undefined => {
  if (running === undefined || stopping === true) return undefined;
  const silentMs = performance.now() - running.intake.lastLoopMs();
  return silentMs > SILENT_FOR_MS ? `nothing was pulled for ${Math.round(silentMs)} ms` : undefined;
};

/** What must hold before this process is ready. */
export const readiness = (state: DispatcherState): Readiness => {
  const isAway = (): boolean => state.nats?.problem() !== undefined; // reported already
  return {
    stopping: () => (state.stopping === true ? "stopping" : undefined),
    nats: () => (state.nats === undefined ? "not connected to NATS" : state.nats.problem()),
    subscriptions_view: () => viewProblem(state),
    storage: () => (isAway() ? undefined : state.storing?.problem()),
    intake: () => {
      if (state.isPulling !== true) return "not pulling events yet";
      return isAway() ? undefined : state.running?.intake.problem();
    },
  };
};

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
