import type { Nats } from "@ringback/runtime/nats/connection";
import type { ServerClock } from "@ringback/runtime/nats/server-clock";
import type { OverdueWatchPolicy } from "./repair/decide/due.ts";
import type { HandleDeps } from "./intake/handle-event.ts";
import type { Parts } from "./health.ts";
import { startEndpointWatch, type EndpointWatchPolicy } from "./endpoint-health/watch.ts";
import { startOverdueWatch } from "./repair/watch.ts";

export type WatchPolicies = {
  readonly overdueWatch: OverdueWatchPolicy;
  readonly endpointWatch: EndpointWatchPolicy;
};

/**
 * Starts what goes on beside the deliveries, each in whichever dispatcher has the lease for it; gives what
 * stops them.
 */
export const startWatches = (
  { overdueWatch, endpointWatch }: WatchPolicies,
  deps: HandleDeps,
  nats: Nats,
  parts: Parts,
  clock: ServerClock,
): (() => Promise<void>)[] => {
  const onOverdue = (ms: number): void => {
    parts.retryOverdueMs = ms;
  };
  // They compare with when NATS has stored something, and with when it fires.
  const byNats = { ...deps, nats, now: clock.nowMs };
  const overdue = startOverdueWatch({ ...byNats, policy: overdueWatch, onOverdue });
  const endpoints = startEndpointWatch({ ...byNats, policy: endpointWatch });
  return [overdue.stop, endpoints.stop];
};
