import type { EventRules } from "@ringback/contracts/events/event-check";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import { eventRules } from "@ringback/runtime/settings/event-settings";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import type { Nats } from "@ringback/runtime/nats/connection";
import { followServerClock, type ServerClock } from "@ringback/runtime/nats/server-clock";
import { wantedStreams } from "@ringback/runtime/streams/stream-config";
import { watchStreams } from "@ringback/runtime/streams/stream-watch";
import { ensureStreams } from "@ringback/runtime/streams/streams";
import type { StreamOrigins } from "@ringback/contracts/streams/stream-origin";
import { followAccess, type AccessIndex } from "./access/access-index.ts";
import { followAgents, type AgentIndex } from "./agents/agent-index.ts";
import type { SubscriptionsSettings } from "./config.ts";
import { followDispatchers, type Dispatchers } from "./operators/dispatchers.ts";
import { neededBytes } from "./projection/file/needed-bytes.ts";
import { openProjection, type OpenProjection } from "./projection/open-projection.ts";
import { startRedelivery, type RunningRedelivery } from "./redelivery/redelivery.ts";

/** What the service keeps up to date from the streams. */
export type BackgroundServices = {
  /** NATS, whose `problem` also says that agents can neither be read nor changed. */
  readonly nats: Nats;
  readonly origins: StreamOrigins;
  readonly index: AgentIndex;
  readonly access: AccessIndex;
  readonly projection: OpenProjection;
  readonly redelivery: RunningRedelivery;
  readonly dispatchers: Dispatchers;
  /** Which events are accepted. */
  readonly rules: EventRules;
  /** The clock of NATS: the API compares its times with times on the streams. */
  readonly clock: ServerClock;
};

export type SubscriptionsOptions = {
  readonly settings: SubscriptionsSettings;
  readonly log: Logger;
  /** Called when the process cannot go on. */
  readonly onFatal: (error: unknown) => void;
};

/** Makes the streams where they are missing, and begins to follow them. What has to be closed goes on the stack. */
export const startBackground = async (
  connected: Nats,
  { settings, log, onFatal }: SubscriptionsOptions,
  open: AsyncDisposableStack,
  stopping: AbortSignal,
): Promise<BackgroundServices> => {
  const origins = await ensureStreams(connected.jsm, wantedStreams(settings), {
    log,
    signal: stopping,
    management: settings.STREAM_MANAGEMENT,
    recreate: settings.MAKE_LOST_STREAMS,
    // Where it may make streams at all: what a dispatcher with newer settings has set stays.
    precedence: "yields",
  });
  const clock = await followServerClock(connected, STREAMS.events, log, stopping);
  open.defer(clock.stop);
  const index = followAgents({ nats: connected, onStreamLost: onFatal, log });
  const nats = { ...connected, problem: () => connected.problem() ?? index.unavailable() };
  open.defer(index.stop);
  const access = followAccess({ nats: connected, nowMs: clock.nowMs, onStreamLost: onFatal, log });
  open.defer(access.stop);
  warnOfSmallIndex(settings, log);
  const projection = await openProjection({
    nats,
    origins,
    folder: settings.PROJECTION_DIR,
    maxBytes: settings.PROJECTION_MAX_BYTES,
    attemptsMaxAgeMs: settings.ATTEMPTS_MAX_AGE,
    now: clock.nowMs,
    onStreamLost: onFatal,
    onFatal,
    log,
  });
  open.defer(projection.stop);
  const rules = eventRules(settings, index.isOwnType);
  const redelivery = startRedelivery({
    nats,
    origins,
    projection,
    rules,
    now: () => new Date(clock.nowMs()),
    endpointsSeenBy: index.endpoints.seenBy,
    onStreamLost: onFatal,
    log,
  });
  open.defer(redelivery.stop);
  const dispatchers = followDispatchers(connected, clock.nowMs, log);
  open.defer(dispatchers.stop);
  const watch = watchStreams({
    nats,
    origins,
    onInfo: (name, info) => {
      if (name === STREAMS.redeliveries) redelivery.compare(info.state);
      projection.compare(name, info);
    },
    onStreamLost: onFatal,
    log,
  });
  open.defer(watch.stop);
  return { nats, origins, index, access, projection, redelivery, dispatchers, clock, rules };
};

/** An index that is smaller than full streams forgets what they still have: somebody should know before. */
const warnOfSmallIndex = (settings: SubscriptionsSettings, log: Logger): void => {
  const needed = neededBytes(settings) ?? 0;
  const { PROJECTION_MAX_BYTES: maxBytes = Number.POSITIVE_INFINITY } = settings;
  if (needed > maxBytes) log.warn({ neededBytes: needed, maxBytes }, "projection.small");
};
