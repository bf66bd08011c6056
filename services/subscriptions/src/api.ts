import { buildApp } from "./http/app.ts";
import type { SubscriptionsSettings } from "./config.ts";
import { servedPages } from "./pages.ts";
import type { SubscriptionsOptions } from "./background.ts";
import { schemaValidator } from "./event-types/schema-validator.ts";
import { featureDeps, type ApiParts, type FeatureDeps } from "./feature-deps.ts";
import { apiKeyRoutes } from "./access/routes/api-key.ts";
import { apiKeysRoutes } from "./access/routes/api-keys.ts";
import { meRoute } from "./access/routes/me.ts";
import { auditRequests } from "./audit/routes/audit-requests.ts";
import { listAuditRoute } from "./audit/routes/list-audit.ts";
import { listCallsRoute } from "./lists/routes/list-calls.ts";
import { activityRoute } from "./lists/routes/activity.ts";
import { overviewRoute } from "./lists/routes/overview.ts";
import { deregisterAgentRoute } from "./agents/routes/deregister-agent.ts";
import { agentsEnvelopeRoutes } from "./agents/routes/agents-envelope.ts";
import { testFilterRoute } from "./filters/routes/test-filter.ts";
import { agentHistoryRoute } from "./agents/routes/agent-history.ts";
import { getAgentRoute } from "./agents/routes/get-agent.ts";
import { listAgentsRoute } from "./agents/routes/list-agents.ts";
import { patchAgentRoute } from "./agents/routes/patch-agent.ts";
import { registerAgentRoute } from "./agents/routes/register-agent.ts";
import { endpointRoutes } from "./endpoints/routes/endpoint-routes.ts";
import { skippedOfEvent } from "./endpoints/skipped-of-event.ts";
import { switchOnRoutes } from "./endpoints/routes/switch-on-endpoint.ts";
import { eventRoutes } from "./events/routes/event.ts";
import { eventTypesRoutes } from "./event-types/routes/event-types.ts";
import { getCallEventsRoute } from "./events/routes/get-call-events.ts";
import type { Feature } from "./http/api.ts";
import { agentStatsRoute } from "./lists/routes/agent-stats.ts";
import { endpointListRoutes } from "./lists/routes/endpoint-lists.ts";
import { facetRoutes } from "./lists/routes/facets.ts";
import { listRoutes } from "./lists/routes/lists.ts";
import { workspacesRoute } from "./lists/routes/workspaces.ts";
import { streamRoute } from "./live/routes/stream.ts";
import { portalSessionsRoutes } from "./portal/routes/portal-sessions.ts";
import { listDispatchersRoute } from "./operators/routes/list-dispatchers.ts";
import { listStreamsRoute } from "./operators/routes/list-streams.ts";
import { postEventsRoute } from "./publishing/routes/post-events.ts";
import { redeliveriesRoutes } from "./redelivery/routes/jobs.ts";
import { redeliverEventRoute } from "./redelivery/routes/redeliver-event.ts";
import { sendEndpointTestRoute } from "./redelivery/routes/send-endpoint-test.ts";
import { sendTestEventRoute } from "./redelivery/routes/send-test-event.ts";
import { recoveryJobs } from "./redelivery/routes/recovery-jobs.ts";
import { testPermits } from "./redelivery/routes/test-permits.ts";

/** Opens the API's port; gives its address. */
export const openApi = async (
  parts: ApiParts,
  options: Pick<SubscriptionsOptions, "settings" | "log">,
  open: AsyncDisposableStack,
): Promise<string> => {
  const { known, metrics, tracer } = parts;
  const { settings, log } = options;
  const validator = schemaValidator();
  open.defer(validator.stop);
  const deps = featureDeps(parts, options, validator);
  const frame = {
    known,
    endpoints: { upToDate: parts.index.upToDate, seenBy: parts.index.endpoints.seenBy },
    now: deps.commands.now,
    metrics,
    log,
    tracer,
    requestsPerMinutePerKey: settings.REQUESTS_PER_MINUTE_PER_KEY,
    trustedProxies: settings.TRUSTED_PROXIES,
    pages: await servedPages(parts, deps, options),
  };
  const app = buildApp(frame, featuresOf(deps));
  open.defer(() => app.close());
  return addressOnceOpen(app, settings);
};

/** Every call of the API, in the order of its document. */
export const featuresOf = (deps: FeatureDeps): Feature[] => {
  const { commands, index, events, history, eventTypes, redelivery } = deps;
  const { store, now } = commands;
  return [
    (api) => meRoute(api),
    (api) => auditRequests(api, deps.audit),
    (api) => apiKeysRoutes(api, deps.access),
    (api) => apiKeyRoutes(api, deps.access),
    (api) => patchAgentRoute(api, deps),
    (api) => registerAgentRoute(api, commands),
    (api) => getAgentRoute(api, { store, history, now }),
    (api) => deregisterAgentRoute(api, commands),
    (api) => listAgentsRoute(api, index),
    (api) => agentsEnvelopeRoutes(api, store, index),
    (api) => listRoutes(api, { ...deps, now }),
    (api) => facetRoutes(api, { ...deps, now }),
    (api) => listCallsRoute(api, { ...deps, now }),
    (api) => workspacesRoute(api, { ...deps, ofKeys: deps.access.shown.workspaceIds, now }),
    (api) => overviewRoute(api, { ...deps, now }),
    (api) => activityRoute(api, { ...deps, now }),
    (api) => agentStatsRoute(api, { ...deps, store, now }),
    (api) => agentHistoryRoute(api, history),
    (api) => endpointRoutes(api, deps.endpoints),
    (api) => endpointListRoutes(api, { ...deps, store: deps.endpoints.commands.store, now }),
    (api) => {
      const recovery = recoveryJobs(redelivery);
      switchOnRoutes(api, { endpoints: deps.endpoints.commands, recovery });
    },
    (api) => getCallEventsRoute(api, events, deps.eventsKeptMs),
    (api) =>
      eventRoutes(api, { ...deps, reader: events, skippedOf: skippedOfEvent(deps.endpoints.list) }),
    (api) => testFilterRoute(api, { ...deps, now }),
    (api) => eventTypesRoutes(api, eventTypes),
    (api) => postEventsRoute(api, deps.publishing),
    (api) => streamRoute(api, deps.live),
    (api) => listStreamsRoute(api, deps.operators),
    (api) => listDispatchersRoute(api, deps.operators),
    (api) => redeliverEventRoute(api, { ...redelivery, eventsKeptMs: deps.eventsKeptMs }),
    (api) => redeliveriesRoutes(api, redelivery),
    (api) => listAuditRoute(api, deps.audit),
    (api) => portalSessionsRoutes(api, { ...deps.access, portal: deps.portal }),
    (api) => {
      const permits = testPermits(api);
      const testing = { redelivery, eventTypes, permits };
      sendTestEventRoute(api, { ...testing, store });
      const { store: endpoints, allKnowEndpoints } = deps.endpoints.commands;
      sendEndpointTestRoute(api, { ...testing, store: endpoints, allKnowEndpoints });
    },
  ];
};

const addressOnceOpen = async (
  app: ReturnType<typeof buildApp>,
  { HTTP_HOST: host, HTTP_PORT: port }: SubscriptionsSettings,
): Promise<string> => {
  try {
    return addressOf(host, new URL(await app.listen({ host, port })).port);
  } catch (error) {
    throw cannotListen("HTTP_HOST, HTTP_PORT", error);
  }
};

/** Says which settings name what cannot be listened at. */
export const cannotListen = (names: string, cause: unknown): Error =>
  new Error(`${names}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });

/** As it was set: a wildcard says more than one of the addresses that it stands for. */
export const addressOf = (host: string, port: string): string =>
  `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
