import { agentStatsRoute } from "./agent-stats.ts";
import type { Api, RouteDeps } from "./api.ts";
import { listAttemptsRoute } from "./list-attempts.ts";
import { listDeadLettersRoute } from "./list-dead-letters.ts";
import { listEventsRoute } from "./list-events.ts";

/** The calls that are answered from the projection. */
export const listRoutes = (api: Api, deps: RouteDeps): void => {
  listEventsRoute(api, deps);
  listAttemptsRoute(api, deps);
  listDeadLettersRoute(api, deps);
  agentStatsRoute(api, deps);
};
