import { agentStatsRoute } from "./lists/routes/agent-stats.ts";
import type { Api, RouteDeps } from "./http/api.ts";
import { listAttemptsRoute } from "./lists/routes/list-attempts.ts";
import { listDeadLettersRoute } from "./lists/routes/list-dead-letters.ts";
import { listEventsRoute } from "./lists/routes/list-events.ts";

/** The calls that are answered from the projection. */
export const listRoutes = (api: Api, deps: RouteDeps): void => {
  listEventsRoute(api, deps);
  listAttemptsRoute(api, deps);
  listDeadLettersRoute(api, deps);
  agentStatsRoute(api, deps);
};
