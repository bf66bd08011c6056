import type { CallbackUrlPolicy } from "@ringback/contracts/address/callback-url";
import { eventId } from "@ringback/contracts/events/event";
import type { Sealer } from "@ringback/contracts/secrets/subscription-secrets";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import type { Tracer } from "@ringback/runtime/telemetry/tracing";
import { agentStore } from "./agents/agent-store.ts";
import type { ApiKeysFile } from "./http/auth/api-keys-file.ts";
import { buildApp } from "./http/app.ts";
import type { SubscriptionsSettings } from "./config.ts";
import type { Followed } from "./background.ts";
import { definitionStore } from "./event-types/definition-store.ts";
import type { DefineDeps } from "./event-types/define-type.ts";
import { notedWarnings } from "./event-types/own-warning-notes.ts";
import { ownWarnings } from "./event-types/own-warnings.ts";
import { schemaJudge } from "./event-types/schema-judge.ts";
import { eventStore } from "./publishing/store-events.ts";
import type { LiveReaders } from "./live/connections.ts";
import { liveStream } from "./live/live-stream.ts";
import type { SubscriptionsMetrics } from "./metrics.ts";
import { listedMessages } from "./lists/load-records.ts";
import { agentHistory } from "./agents/history.ts";
import { eventReader, type EventReaderDeps } from "./events/event-reader.ts";
import { requestStore } from "./idempotency/request-store.ts";
import { workspaceLimits } from "./agents/workspace-limits.ts";

export type ApiParts = Followed & {
  readonly readers: LiveReaders;
  readonly keys: ApiKeysFile;
  readonly sealer: Sealer;
  readonly metrics: SubscriptionsMetrics;
  readonly tracer: Tracer | undefined;
};

/** Opens the API's port; gives its address. */
export const openApi = async (
  parts: ApiParts,
  { settings, log }: { readonly settings: SubscriptionsSettings; readonly log: Logger },
  open: AsyncDisposableStack,
): Promise<string> => {
  const { nats, index, projection, redelivery, created, keys, sealer, metrics, rules } = parts;
  const { readers, tracer, clock } = parts;
  const limits = limitsOf(settings, index);
  const requests = requestStore(nats, limits);
  const eventsCreatedMs = created.get(STREAMS.events) ?? 0;
  const commandStore = agentStore(nats, sealer, log, tracer);
  const now = (): Date => new Date(clock.nowMs());
  const judge = schemaJudge();
  open.defer(judge.stop);
  const { lastSeq } = commandStore;
  const definitions = definitionStore(nats);
  const eventTypes: DefineDeps = { definitions, index, judge, limits, rules, lastSeq, now };
  const warningsOf = ownWarnings(index.ownTypes, judge);
  const noted = notedWarnings(warningsOf, metrics.warnedOf, log);
  const app = buildApp({
    commands: {
      store: commandStore,
      requests,
      limits,
      now,
      random: Math.random,
      onChange: metrics.changed,
      onConflict: metrics.conflicted,
    },
    index,
    ...readersOf({ nats, projection, eventsCreatedMs, log }),
    history: agentHistory({ nats, sealer }),
    ingest: { events: eventStore(nats), eventsCreatedMs, rules, ownWarnings: noted },
    eventTypes,
    ownWarnings: warningsOf,
    callbackUrls: callbackUrlPolicy(settings),
    ifAbsent: settings.AGENT_REGISTRATION === "automatic" ? "register" : "reject",
    projection,
    redelivery: { ...redelivery.redelivery, requests },
    eventId: (seq) => eventId(eventsCreatedMs, seq),
    keys: keys.current,
    live: liveStream({
      nats,
      readers,
      streams: { attempts: created.get(STREAMS.attempts) ?? 0, events: eventsCreatedMs },
      log,
    }),
    trustedProxies: settings.TRUSTED_PROXIES,
    requestsPerMinutePerKey: settings.REQUESTS_PER_MINUTE_PER_KEY,
    metrics,
    log,
    tracer,
  });
  open.defer(() => app.close());
  return addressOnceOpen(app, settings);
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

const readersOf = (deps: Omit<EventReaderDeps, "listed">) => {
  const listed = listedMessages(deps.nats);
  return { listed, events: eventReader({ ...deps, listed }) };
};

const limitsOf = (settings: SubscriptionsSettings, { stored }: Followed["index"]) =>
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
