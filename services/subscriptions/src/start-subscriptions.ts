import { eventId } from "@ringback/contracts/event";
import type { Sealer } from "@ringback/contracts/subscription-secrets";
import { STREAMS } from "@ringback/contracts/subjects";
import { startAdminServer } from "@ringback/runtime/admin-server";
import type { Logger } from "@ringback/runtime/logger";
import { openHeaderSealing } from "@ringback/runtime/sealed-headers";
import { connectNats, type Nats } from "@ringback/runtime/nats";
import { openTracing, type Tracer } from "@ringback/runtime/tracing";
import manifest from "../package.json" with { type: "json" };
import type { AgentIndex } from "./agent-index.ts";
import { agentStore } from "./agent-store.ts";
import { openApiKeysFile, type ApiKeysFile } from "./api-keys-file.ts";
import { buildApp } from "./app.ts";
import type { SubscriptionsSettings } from "./config.ts";
import { followAll, type Followed } from "./followed.ts";
import { eventStore } from "./ingest/store-events.ts";
import { createSubscriptionsMetrics, type SubscriptionsMetrics } from "./metrics.ts";
import { listedMessages } from "./projection/listed-messages.ts";
import type { OpenProjection } from "./projection/open-projection.ts";
import { agentHistory } from "./reading/agent-history.ts";
import { eventReader } from "./reading/read-events.ts";
import { requestStore } from "./request-store.ts";

export type SubscriptionsOptions = {
  readonly settings: SubscriptionsSettings;
  readonly log: Logger;
  /** Called when the process cannot go on. */
  readonly onFatal: (error: unknown) => void;
};

export type Subscriptions = {
  /** Resolves once the API is there and this is logged; rejects when that cannot be. */
  readonly started: Promise<void>;
  /** Takes no more requests, finishes those under way and says goodbye to NATS; at any time. */
  readonly stop: () => Promise<void>;
};

/** What there is so far: probes and gauges look at it, and are there before the rest. */
type Parts = { nats?: Nats; index?: AgentIndex; projection?: OpenProjection };

/** Starts the service: probes at once, the API when all agents are read. */
export const startSubscriptions = (options: SubscriptionsOptions): Subscriptions => {
  const stopping = new AbortController();
  const open = new AsyncDisposableStack();
  return {
    started: start(options, open, stopping.signal).catch((error: unknown) => {
      // Stopped while it started: what fails for that reason is no news.
      if (!stopping.signal.aborted) throw error;
    }),
    stop: async () => {
      stopping.abort();
      await open.disposeAsync();
    },
  };
};

const start = async (
  options: SubscriptionsOptions,
  open: AsyncDisposableStack,
  stopping: AbortSignal,
): Promise<void> => {
  const { settings, log } = options;
  const keys = await openApiKeysFile(settings.API_KEYS_FILE, log);
  open.defer(keys.stop);
  const sealing = await openHeaderSealing(settings, log);
  open.defer(sealing.stop);
  const parts: Parts = {};
  const metrics = createSubscriptionsMetrics(manifest.version, {
    agents: () => parts.index?.agentCount() ?? 0,
    subscriptions: () => parts.index?.subscriptionCount() ?? 0,
    isConnected: () => parts.nats?.isConnected() ?? false,
    projectionLag: (stream) => parts.projection?.lag()[stream] ?? 0,
  });
  const admin = await openAdmin(settings, metrics, () => notReady(parts, stopping));
  open.defer(admin.close);
  const service = { name: "ringback-subscriptions", version: manifest.version };
  const tracing = await openTracing(settings, service, log);
  if (tracing !== undefined) open.defer(tracing.close);
  const nats = await connectNats(settings, "subscriptions", log);
  open.defer(() => goodbye(nats));
  parts.nats = nats;
  const followed = await followAll(nats, options, open, stopping);
  const { index, projection } = followed;
  Object.assign(parts, { index, projection });
  await index.caughtUp;
  const sealer = sealing.ring;
  const tracer = tracing?.tracer;
  const served = { ...followed, nats, keys, sealer, metrics, tracer };
  const http = await openApi(served, options, open);
  log.info({ http, admin: addressOf(settings.ADMIN_HOST, new URL(admin.url).port) }, "listening");
};

const notReady = ({ nats, index }: Parts, stopping: AbortSignal): string | undefined => {
  if (stopping.aborted) return "stopping";
  if (nats?.isConnected() !== true) return "not connected to NATS";
  return index?.isCaughtUp() === true ? undefined : "the agents are still being read";
};

const openAdmin = async (
  { ADMIN_HOST: host, ADMIN_PORT: port }: SubscriptionsSettings,
  { registry: metrics }: SubscriptionsMetrics,
  readiness: () => string | undefined,
) => {
  try {
    return await startAdminServer({ host, port, metrics, live: [], ready: [readiness] });
  } catch (error) {
    throw cannotListen("ADMIN_HOST, ADMIN_PORT", error);
  }
};

type ApiParts = Followed & {
  readonly nats: Nats;
  readonly keys: ApiKeysFile;
  readonly sealer: Sealer;
  readonly metrics: SubscriptionsMetrics;
  readonly tracer: Tracer | undefined;
};

/** Opens the API's port; gives its address. */
const openApi = async (
  { nats, index, projection, redelivery, created, keys, sealer, metrics, tracer }: ApiParts,
  { settings, log }: SubscriptionsOptions,
  open: AsyncDisposableStack,
): Promise<string> => {
  const eventsCreatedMs = created.get(STREAMS.events) ?? 0;
  const app = buildApp({
    commands: {
      store: agentStore(nats, sealer, log, tracer),
      requests: requestStore(nats),
      now: () => new Date(),
      random: Math.random,
      onChange: metrics.changed,
      onConflict: metrics.conflicted,
    },
    index,
    events: eventReader({ nats, eventsCreatedMs, log }),
    history: agentHistory({ nats, sealer }),
    ingest: { events: eventStore(nats), eventsCreatedMs },
    callbackUrls: {
      allowInsecureHttp: settings.ALLOW_INSECURE_HTTP,
      allowedPrivateCidrs: settings.ALLOWED_PRIVATE_CIDRS,
      deniedCidrs: settings.DENIED_CIDRS,
      allowedPorts: settings.ALLOWED_PORTS,
    },
    ifAbsent: settings.AGENT_REGISTRATION === "automatic" ? "register" : "reject",
    projection,
    listed: listedMessages(nats),
    redelivery: redelivery.redelivery,
    eventId: (seq) => eventId(eventsCreatedMs, seq),
    keys: keys.current,
    requestsPerMinutePerKey: settings.REQUESTS_PER_MINUTE_PER_KEY,
    metrics,
    log,
    tracer,
  });
  open.defer(() => app.close());
  try {
    const url = await app.listen({ host: settings.HTTP_HOST, port: settings.HTTP_PORT });
    return addressOf(settings.HTTP_HOST, new URL(url).port);
  } catch (error) {
    throw cannotListen("HTTP_HOST, HTTP_PORT", error);
  }
};

const cannotListen = (names: string, cause: unknown): Error =>
  new Error(`${names}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });

/** As it was set: a wildcard says more than one of the addresses that it stands for. */
const addressOf = (host: string, port: string): string =>
  `http://${host.includes(":") ? `[${host}]` : host}:${port}`;

const goodbye = async (nats: Nats): Promise<void> => {
  if (nats.isConnected()) await nats.connection.drain();
  else await nats.connection.close();
};
