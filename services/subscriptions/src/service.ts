import {
  exportReadiness,
  startAdminServer,
  type Readiness,
} from "@ringback/runtime/process/admin-server";
import { viewAgeSeconds } from "@ringback/runtime/streams/last-per-subject";
import { openHeaderSealing } from "@ringback/runtime/secrets/sealed-headers";
import { connectNats, closeNats, type Nats } from "@ringback/runtime/nats/connection";
import { clockOffsetSeconds, type ServerClock } from "@ringback/runtime/nats/server-clock";
import { openTracing } from "@ringback/runtime/telemetry/tracing";
import manifest from "../package.json" with { type: "json" };
import { knownCredentials, type AccessIndex } from "./access/access-index.ts";
import type { AgentIndex } from "./agents/agent-index.ts";
import { natsAuditLog } from "./audit/audit-log.ts";
import { openApiKeysFile } from "./http/auth/api-keys.ts";
import type { SubscriptionsSettings } from "./config.ts";
import { startBackground, type SubscriptionsOptions } from "./background.ts";
import { liveConnections, type LiveConnections } from "./live/connections.ts";
import { createSubscriptionsMetrics, type SubscriptionsMetrics } from "./metrics.ts";
import { addressOf, cannotListen, openApi } from "./api.ts";
import { PROJECTED_STREAMS } from "./projection/file/positions.ts";
import type { OpenProjection } from "./projection/open-projection.ts";

export type Subscriptions = {
  /** Resolves once the API is there and this is logged; rejects when that cannot be. */
  readonly started: Promise<void>;
  /** Takes no more requests, finishes those under way and closes NATS; at any time. */
  readonly stop: () => Promise<void>;
};

/** What is there so far. Probes and gauges read it: they are there before the rest. */
type Parts = {
  nats?: Nats;
  index?: AgentIndex;
  access?: AccessIndex;
  projection?: OpenProjection;
  clock?: ServerClock;
  connections?: LiveConnections;
  /** The API's port takes connections. */
  isListening?: boolean;
};

/** Starts the service: probes at once, the API when all agents are read. */
export const startSubscriptions = (options: SubscriptionsOptions): Subscriptions => {
  const stopping = new AbortController();
  const open = new AsyncDisposableStack();
  return {
    started: start(options, open, stopping.signal).catch((error: unknown) => {
      // Stopped while it started: what fails for that reason is no error.
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
    agents: () => readIndex(parts)?.agentCount(),
    subscriptions: () => readIndex(parts)?.subscriptionCount(),
    endpoints: () => readIndex(parts)?.endpoints.count(),
    isConnected: () => parts.nats?.isConnected() ?? false,
    viewAgeSeconds: () => viewAgeSeconds(parts.index),
    streams: () => parts.connections?.count() ?? 0,
    clockOffsetSeconds: () => clockOffsetSeconds(parts.clock),
    projectionBytes: () => parts.projection?.usedBytes(),
    projectionMaxBytes: () => settings.PROJECTION_MAX_BYTES,
    projectionLag: () => projectionLag(parts),
  });
  const ready = readiness(parts, stopping);
  exportReadiness(metrics.registry, ready);
  const admin = await openAdmin(settings, metrics, ready);
  open.defer(admin.close);
  const service = { name: "ringback-subscriptions", version: manifest.version };
  const tracing = await openTracing(settings, service, { log, metrics: metrics.tracing });
  if (tracing !== undefined) open.defer(tracing.close);
  const nats = await connectNats(settings, "subscriptions", log, options.onFatal);
  open.defer(() => closeNats(nats));
  parts.nats = nats;
  const background = await startBackground(nats, options, open, stopping);
  open.defer(() => closeSoon(nats));
  const { index, access, projection, clock } = background;
  Object.assign(parts, { nats: background.nats, index, access, projection, clock });
  await Promise.all([index.caughtUp, access.caughtUp]);
  const known = knownCredentials(keys.current, access);
  const sealer = sealing.ring;
  const tracer = tracing?.tracer;
  const connections = liveConnections(known, () => new Date(clock.nowMs()));
  parts.connections = connections;
  const audit = natsAuditLog(background.nats, { onLost: metrics.auditLost, log });
  open.defer(audit.stop);
  const served = { ...background, known, keys, sealer, metrics, connections, tracer, audit };
  const http = await openApi(served, options, open);
  parts.isListening = true;
  log.info({ http, admin: addressOf(settings.ADMIN_HOST, new URL(admin.url).port) }, "listening");
};

/** The index once it has all agents: before that its counts are those of a part. */
const readIndex = ({ index }: Parts): AgentIndex | undefined =>
  index?.isCaughtUp() === true ? index : undefined;

/** By stream; nothing while NATS is away, which alone knows what is stored. */
const projectionLag = ({ nats, projection }: Parts): ReadonlyMap<string, number> => {
  if (projection === undefined || nats?.isConnected() !== true) return new Map();
  const lag = projection.lag();
  return new Map(PROJECTED_STREAMS.map((one) => [one, lag[one]]));
};

/** Only the first that does not hold is a problem: the others follow from it. */
const readiness = (parts: Parts, stopping: AbortSignal): Readiness => {
  const check = (reason: string) => (): string | undefined => {
    const found = notReady(parts, stopping);
    return found?.reason === reason ? found.problem : undefined;
  };
  return Object.fromEntries(READY_REASONS.map((reason) => [reason, check(reason)]));
};

const READY_REASONS = ["stopping", "nats", "subscriptions_view", "keys", "port"] as const;

const notReady = (
  { nats, index, access, isListening }: Parts,
  stopping: AbortSignal,
): { readonly reason: (typeof READY_REASONS)[number]; readonly problem: string } | undefined => {
  if (stopping.aborted) return { reason: "stopping", problem: "stopping" };
  const problem = nats === undefined ? "not connected to NATS" : nats.problem();
  if (problem !== undefined) return { reason: "nats", problem };
  if (index?.isCaughtUp() !== true)
    return { reason: "subscriptions_view", problem: "the agents are still being read" };
  if (access?.isCaughtUp() !== true)
    return { reason: "keys", problem: "the keys are still being read" };
  if (isListening !== true) return { reason: "port", problem: "the API's port is not open yet" };
  return index.isCurrent()
    ? undefined
    : { reason: "subscriptions_view", problem: "the list of agents may be behind" };
};

const openAdmin = async (
  { ADMIN_HOST: host, ADMIN_PORT: port }: SubscriptionsSettings,
  { registry: metrics }: SubscriptionsMetrics,
  ready: Readiness,
) => {
  try {
    return await startAdminServer({ host, port, metrics, live: [], ready });
  } catch (error) {
    throw cannotListen("ADMIN_HOST, ADMIN_PORT", error);
  }
};

/** Longer than a responding NATS server needs for the last requests. */
const FINISH_WITHIN_MS = 2_000;

/** Closes the connection while the background services stop, so that none waits for a silent server. */
const closeSoon = ({ connection }: Nats): void => {
  const closing = setTimeout(() => void connection.close(), FINISH_WITHIN_MS);
  closing.unref();
};
