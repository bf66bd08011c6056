import type { CallbackUrlPolicy } from "@ringback/contracts/address/callback-url";
import { eventId } from "@ringback/contracts/events/event";
import type { Sealer } from "@ringback/contracts/secrets/subscription-secrets";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import type { Tracer } from "@ringback/runtime/telemetry/tracer";
import { AGENT_COMMANDS, AGENTS, type AgentHistory } from "./agents/agent-commands.ts";
import { entityHistory } from "./commands/entity-history.ts";
import { entityStore } from "./commands/entity-store.ts";
import type { ApiKeysFile } from "./http/auth/api-keys.ts";
import { buildApp } from "./http/app.ts";
import type { SubscriptionsSettings } from "./config.ts";
import type { BackgroundServices, SubscriptionsOptions } from "./background.ts";
import { definitionStore } from "./event-types/definition-store.ts";
import { notedWarnings, ownWarnings, type OwnWarnings } from "./event-types/own-warnings.ts";
import { schemaValidator, type SchemaValidator } from "./event-types/schema-validator.ts";
import { eventStore } from "./publishing/store-events.ts";
import type { LiveConnections } from "./live/connections.ts";
import { liveStream, type LiveStream } from "./live/live-stream.ts";
import type { SubscriptionsMetrics } from "./metrics.ts";
import type { AgentIndex } from "./agents/agent-index.ts";
import { recordLoader, type RecordLoader } from "./streams/records.ts";
import { eventReader, type EventReader } from "./events/event-reader.ts";
import { requestStore } from "./idempotency/request-store.ts";
import { deregisterAgentRoute } from "./agents/routes/deregister-agent.ts";
import { agentsEnvelopeRoutes } from "./agents/routes/agents-envelope.ts";
import { agentHistoryRoute } from "./agents/routes/agent-history.ts";
import { getAgentRoute } from "./agents/routes/get-agent.ts";
import { listAgentsRoute } from "./agents/routes/list-agents.ts";
import { patchAgentRoute, type PatchAgentDeps } from "./agents/routes/patch-agent.ts";
import { registerAgentRoute } from "./agents/routes/register-agent.ts";
import { eventRoutes } from "./events/routes/event.ts";
import { eventTypesRoutes } from "./event-types/routes/event-types.ts";
import { getCallEventsRoute } from "./events/routes/get-call-events.ts";
import type { Feature } from "./http/api.ts";
import { agentStatsRoute } from "./lists/routes/agent-stats.ts";
import { listRoutes } from "./lists/routes/lists.ts";
import { streamRoute } from "./live/routes/stream.ts";
import type { Projection } from "./projection/projection.ts";
import { postEventsRoute } from "./publishing/routes/post-events.ts";
import type { PublishDeps } from "./publishing/publish-events.ts";
import type { RedeliveryDeps } from "./redelivery/deps.ts";
import { redeliveriesRoutes } from "./redelivery/routes/jobs.ts";
import { redeliverEventRoute } from "./redelivery/routes/redeliver-event.ts";
import { sendTestEventRoute } from "./redelivery/routes/send-test-event.ts";
import { workspaceLimits } from "./commands/workspace-limits.ts";

export type ApiParts = BackgroundServices & {
  readonly connections: LiveConnections;
  readonly keys: ApiKeysFile;
  readonly sealer: Sealer;
  readonly metrics: SubscriptionsMetrics;
  readonly tracer: Tracer | undefined;
};

/** Opens the API's port; gives its address. */
export const openApi = async (
  parts: ApiParts,
  options: Pick<SubscriptionsOptions, "settings" | "log">,
  open: AsyncDisposableStack,
): Promise<string> => {
  const { keys, metrics, tracer } = parts;
  const { settings, log } = options;
  const validator = schemaValidator();
  open.defer(validator.stop);
  const deps = featureDeps(parts, options, validator);
  const frame = {
    keys: keys.current,
    now: deps.commands.now,
    metrics,
    log,
    tracer,
    requestsPerMinutePerKey: settings.REQUESTS_PER_MINUTE_PER_KEY,
    trustedProxies: settings.TRUSTED_PROXIES,
  };
  const app = buildApp(frame, featuresOf(deps));
  open.defer(() => app.close());
  return addressOnceOpen(app, settings);
};

const featureDeps = (
  parts: ApiParts,
  { settings, log }: Pick<SubscriptionsOptions, "settings" | "log">,
  validator: SchemaValidator,
): FeatureDeps => {
  const { nats, index, projection, redelivery, created, sealer, metrics, rules } = parts;
  const limits = limitsOf(settings, index);
  const requests = requestStore(nats, limits);
  const eventsCreatedMs = created.get(STREAMS.events) ?? 0;
  const store = entityStore(AGENTS, { nats, sealer, log, tracer: parts.tracer });
  const now = (): Date => new Date(parts.clock.nowMs());
  const definitions = definitionStore(nats);
  const warningsOf = ownWarnings(index.ownTypes, validator);
  const noted = notedWarnings(warningsOf, metrics.warnedOf, log);
  const records = recordLoader(nats);
  const { changed: onChange, conflicted: onConflict } = metrics;
  const attemptsCreatedMs = created.get(STREAMS.attempts) ?? 0;
  return {
    commands: {
      kind: AGENT_COMMANDS,
      store,
      requests,
      limits,
      now,
      random: Math.random,
      onChange,
      onConflict,
    },
    index,
    records,
    events: eventReader({ nats, projection, eventsCreatedMs, log, records }),
    history: entityHistory({ kind: AGENTS, nats, sealer }),
    publishing: { events: eventStore(nats), eventsCreatedMs, rules, ownWarnings: noted },
    eventTypes: { definitions, index, validator, limits, rules, now },
    ownWarnings: warningsOf,
    callbackUrls: callbackUrlPolicy(settings),
    ifAbsent: settings.AGENT_REGISTRATION === "automatic" ? "register" : "reject",
    signNew: settings.SIGN_NEW_SUBSCRIPTIONS,
    projection,
    redelivery: { ...redelivery.redelivery, requests },
    eventId: (seq) => eventId(eventsCreatedMs, seq),
    eventsKeptMs: settings.EVENTS_MAX_AGE,
    live: liveStream({
      nats,
      connections: parts.connections,
      streams: { attempts: attemptsCreatedMs, events: eventsCreatedMs },
      log,
    }),
  };
};

/** The dependencies of all features' calls. */
export type FeatureDeps = PatchAgentDeps & {
  readonly redelivery: RedeliveryDeps;
  readonly index: AgentIndex;
  readonly events: EventReader;
  readonly history: AgentHistory;
  readonly publishing: PublishDeps;
  readonly ownWarnings: OwnWarnings;
  readonly live: LiveStream;
  readonly projection: Projection;
  readonly records: RecordLoader;
  readonly eventId: (seq: number) => string;
  /** How long EVENTS keeps events. */
  readonly eventsKeptMs: number;
};

/** Every call of the API, in the order of its document. */
export const featuresOf = (deps: FeatureDeps): Feature[] => {
  const { commands, index, events, history, eventTypes, redelivery } = deps;
  const { store, now } = commands;
  return [
    (api) => patchAgentRoute(api, deps),
    (api) => registerAgentRoute(api, commands),
    (api) => getAgentRoute(api, { store, history, now }),
    (api) => deregisterAgentRoute(api, commands),
    (api) => listAgentsRoute(api, index),
    (api) => agentsEnvelopeRoutes(api, store, index),
    (api) => listRoutes(api, { ...deps, now }),
    (api) => agentStatsRoute(api, { ...deps, store, now }),
    (api) => agentHistoryRoute(api, history),
    (api) => getCallEventsRoute(api, events, deps.eventsKeptMs),
    (api) => eventRoutes(api, { ...deps, reader: events }),
    (api) => eventTypesRoutes(api, eventTypes),
    (api) => postEventsRoute(api, deps.publishing),
    (api) => streamRoute(api, deps.live),
    (api) => redeliverEventRoute(api, { ...redelivery, eventsKeptMs: deps.eventsKeptMs }),
    (api) => redeliveriesRoutes(api, redelivery),
    (api) => sendTestEventRoute(api, { store, redelivery, eventTypes }),
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

const limitsOf = (settings: SubscriptionsSettings, { stored }: BackgroundServices["index"]) =>
  workspaceLimits({
    stored,
    maxAgents: settings.MAX_AGENTS_PER_WORKSPACE,
    maxBytes: settings.MAX_CONFIGURATION_PER_WORKSPACE,
    bytesPerDay: settings.CHANGED_PER_DAY_PER_WORKSPACE,
    changesPerMinute: settings.CHANGES_PER_MINUTE_PER_WORKSPACE,
  });

const callbackUrlPolicy = (settings: SubscriptionsSettings): CallbackUrlPolicy => ({
  allowInsecureHttp: settings.ALLOW_INSECURE_HTTP,
  allowedPrivateCidrs: settings.ALLOWED_PRIVATE_CIDRS,
  deniedCidrs: settings.DENIED_CIDRS,
  allowedPorts: settings.ALLOWED_PORTS,
});

/** Says which settings name what cannot be listened at. */
export const cannotListen = (names: string, cause: unknown): Error =>
  new Error(`${names}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });

/** As it was set: a wildcard says more than one of the addresses that it stands for. */
export const addressOf = (host: string, port: string): string =>
  `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
