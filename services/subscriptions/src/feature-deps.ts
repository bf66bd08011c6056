import { originIn } from "@ringback/contracts/streams/stream-origin";
import type { CallbackUrlPolicy } from "@ringback/contracts/address/callback-url";
import type { AgentState } from "@ringback/contracts/agents/agent";
import { eventId } from "@ringback/contracts/events/event";
import type { Sealer } from "@ringback/contracts/secrets/subscription-secrets";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import type { Tracer } from "@ringback/runtime/telemetry/tracer";
import { AGENT_COMMANDS, AGENTS, type AgentHistory } from "./agents/agent-commands.ts";
import type { AgentIndex } from "./agents/agent-index.ts";
import type { PatchAgentDeps } from "./agents/routes/patch-agent.ts";
import type { AuditDeps } from "./audit/routes/audit-requests.ts";
import type { AuditRouteDeps } from "./audit/routes/list-audit.ts";
import type { AuditLog } from "./audit/audit-log.ts";
import type { BackgroundServices, SubscriptionsOptions } from "./background.ts";
import { entityHistory } from "./commands/entity-history.ts";
import { entityStore } from "./commands/entity-store.ts";
import { workspaceLimits } from "./commands/workspace-limits.ts";
import type { SubscriptionsSettings } from "./config.ts";
import { ENDPOINT_COMMANDS, ENDPOINTS } from "./endpoints/endpoint-commands.ts";
import type { EndpointsDeps } from "./endpoints/routes/endpoint-routes.ts";
import { definitionStore } from "./event-types/definition-store.ts";
import { notedWarnings, ownWarnings, type OwnWarnings } from "./event-types/own-warnings.ts";
import type { SchemaValidator } from "./event-types/schema-validator.ts";
import { eventReader, type EventReader } from "./events/event-reader.ts";
import { accessDeps, type AccessDeps } from "./access/access-deps.ts";
import type { ApiKeysFile } from "./http/auth/api-keys.ts";
import type { Credentials } from "./http/auth/credential.ts";
import { requestStore } from "./idempotency/request-store.ts";
import type { LiveConnections } from "./live/connections.ts";
import { liveStream, type LiveStream } from "./live/live-stream.ts";
import type { SubscriptionsMetrics } from "./metrics.ts";
import type { PortalDeps } from "./portal/routes/portal-sessions.ts";
import type { Figures } from "./projection/figures.ts";
import type { Projection } from "./projection/projection.ts";
import { operatorsDeps, type OperatorsDeps } from "./operators/operators-deps.ts";
import type { PublishDeps } from "./publishing/publish-events.ts";
import { eventStore } from "./publishing/store-events.ts";
import type { RedeliveryDeps } from "./redelivery/deps.ts";
import { recordLoader, type RecordLoader } from "./streams/records.ts";

export type ApiParts = BackgroundServices & {
  readonly audit: AuditLog;
  readonly connections: LiveConnections;
  readonly keys: ApiKeysFile;
  /** Who is known by a key or a session. */
  readonly known: Credentials;
  readonly sealer: Sealer;
  readonly metrics: SubscriptionsMetrics;
  readonly tracer: Tracer | undefined;
};

/** The dependencies of all features' calls. */
export type FeatureDeps = PatchAgentDeps & {
  readonly redelivery: RedeliveryDeps;
  readonly endpoints: EndpointsDeps;
  readonly index: AgentIndex;
  readonly events: EventReader;
  readonly history: AgentHistory;
  readonly publishing: PublishDeps;
  readonly ownWarnings: OwnWarnings;
  readonly live: LiveStream;
  readonly operators: OperatorsDeps;
  readonly access: AccessDeps;
  readonly projection: Projection & Figures;
  readonly records: RecordLoader;
  readonly eventId: (seq: number) => string;
  /** How long EVENTS keeps events. */
  readonly eventsKeptMs: number;
  readonly portal: PortalDeps["portal"];
  readonly audit: AuditDeps & AuditRouteDeps;
};

/** What the calls work with. */
export const featureDeps = (
  parts: ApiParts,
  { settings, log }: Pick<SubscriptionsOptions, "settings" | "log">,
  validator: SchemaValidator,
): FeatureDeps => {
  const { nats, index, projection, redelivery, origins, sealer, metrics, rules } = parts;
  const limits = limitsOf(settings, index);
  const requests = requestStore(nats, limits);
  const eventsOrigin = originIn(origins, STREAMS.events);
  const storeDeps = { nats, sealer, log, tracer: parts.tracer };
  const store = entityStore(AGENTS, storeDeps);
  const endpoints = entityStore(ENDPOINTS, storeDeps);
  const now = (): Date => new Date(parts.clock.nowMs());
  const definitions = definitionStore(nats);
  const warningsOf = ownWarnings(index.ownTypes, validator);
  const noted = notedWarnings(warningsOf, metrics.warnedOf, log);
  const records = recordLoader(nats);
  const { changed: onChange, conflicted: onConflict } = metrics;
  const passed = (): Date => new Date(parts.clock.passedMs());
  const running = { requests, limits, now, passed, random: Math.random, onChange, onConflict };
  return {
    commands: { ...running, kind: AGENT_COMMANDS, store },
    endpoints: {
      commands: {
        ...running,
        kind: ENDPOINT_COMMANDS,
        store: endpoints,
        allKnowEndpoints: redelivery.redelivery.due.allKnowEndpoints,
      },
      history: entityHistory({ kind: ENDPOINTS, nats, sealer }),
      list: index.endpoints,
      upToDate: index.upToDate,
      subscriptionsOf: async (agent) => subscriptionsIn((await store.read(agent)).state),
      eventTypes: { index, rules },
      callbackUrls: callbackUrlPolicy(settings),
    },
    index,
    records,
    events: eventReader({ nats, projection, eventsOrigin, log, records }),
    history: entityHistory({ kind: AGENTS, nats, sealer }),
    publishing: { events: eventStore(nats), eventsOrigin, rules, ownWarnings: noted },
    eventTypes: { definitions, index, validator, limits, rules, now },
    ownWarnings: warningsOf,
    callbackUrls: callbackUrlPolicy(settings),
    ifAbsent: settings.AGENT_REGISTRATION === "automatic" ? "register" : "reject",
    signNew: settings.SIGN_NEW_SUBSCRIPTIONS,
    projection,
    redelivery: { ...redelivery.redelivery, requests, endpoints },
    eventId: (seq) => eventId(eventsOrigin, seq),
    eventsKeptMs: settings.EVENTS_MAX_AGE,
    ...auditAndPortal(parts, settings, now),
    access: accessDeps({ nats, index: parts.access, file: parts.keys, requests, limits, now }),
    live: liveOf(parts, log),
    operators: operatorsDeps(parts),
  };
};

const liveOf = ({ nats, connections, origins, index }: ApiParts, log: Logger): LiveStream => {
  const attempts = originIn(origins, STREAMS.attempts);
  const events = originIn(origins, STREAMS.events);
  const streams = { attempts, events };
  return liveStream({ nats, connections, streams, endpointsSeenBy: index.endpoints.seenBy, log });
};

const auditAndPortal = (
  { audit, nats }: Pick<ApiParts, "audit" | "nats">,
  { PORTAL_ORIGIN: origin, PORTAL_FRAME_ANCESTORS: frameAncestors }: SubscriptionsSettings,
  now: () => Date,
): Pick<FeatureDeps, "audit" | "portal"> => ({
  audit: { audit, nats, now },
  portal: origin === undefined ? undefined : { origin, frameAncestors },
});

const subscriptionsIn = (state: AgentState) =>
  state.kind === "registered" ? state.agent.event_subscriptions : [];

const limitsOf = (settings: SubscriptionsSettings, { stored }: BackgroundServices["index"]) =>
  workspaceLimits({
    stored,
    maxAgents: settings.MAX_AGENTS_PER_WORKSPACE,
    maxEndpoints: settings.ENDPOINTS_PER_WORKSPACE,
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
