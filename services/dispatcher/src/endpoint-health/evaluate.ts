import { decodeOperation } from "@ringback/contracts/deliveries/decode";
import type { EndpointOperation } from "@ringback/contracts/deliveries/operation";
import {
  ENDPOINT_OPERATIONS,
  operationSubject,
} from "@ringback/contracts/streams/operation-subjects";
import { ATTEMPT_RECORDS, STREAMS } from "@ringback/contracts/streams/subjects";
import { pause } from "@ringback/runtime/process/backoff";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import type { Nats } from "@ringback/runtime/nats/connection";
import { publishOnce } from "@ringback/runtime/nats/publish";
import { readPage } from "@ringback/runtime/streams/read-batch";
import {
  newsOf,
  sumOf,
  toldAfter,
  withAttempt,
  type HealthNews,
  type HealthPolicy,
  type Sum,
} from "./decide/health.ts";
import { destinationOf } from "../delivery/decide/request.ts";
import type { DispatcherMetrics } from "../metrics.ts";
import { mapConcurrently } from "@ringback/runtime/process/concurrency";
import { REQUESTS_AT_ONCE } from "../repair/repairs.ts";
import { attemptSigns } from "./attempt-facts.ts";
import { endpointStates, type EndpointState, type EndpointStates } from "./endpoint-states.ts";

export type EndpointRoundDeps = {
  readonly nats: Nats;
  readonly metrics: Pick<DispatcherMetrics, "operations">;
  readonly log: Logger;
  readonly health: HealthPolicy;
  readonly now: () => number;
};

/** One look at what was attempted since the one before, while `canGoOn`. */
export type EndpointRound = (canGoOn: () => boolean) => Promise<void>;

/** A page is decoded in one go, about 40 µs a message: what comes in meanwhile waits for that long. */
const PAGE = 32;
/** After each page it rests so many times as long as that took: deliveries have most of the time. */
const REST_BY_WORK = 7;
const MOST_REST_MS = 100;
const ROUND_MS = 1_500;

/** One that is so far behind goes on with what is new: shares then come from a part of the attempts. */
const MAX_BEHIND_MS = 30_000;

/**
 * The rounds of one who has just begun to watch: reads what was told of endpoints before, then the
 * attempts of the last window, so that it knows what another knew.
 */
export const endpointRounds = async (deps: EndpointRoundDeps): Promise<EndpointRound> => {
  const { nats, health, log, now } = deps;
  const states = await statesTold(nats, log);
  const toJudge: ToJudge = new Map();
  let from: number | Date = new Date(now() - health.windowMs);
  let mayBeBehindMs = health.windowMs + MAX_BEHIND_MS;
  return async (canGoOn) => {
    const begunMs = performance.now();
    for (let isMore = true; isMore && canGoOn() && performance.now() - begunMs < ROUND_MS;) {
      const workedFromMs = performance.now();
      const query = { filter: ATTEMPT_RECORDS, from, size: PAGE };
      const page = await readPage(nats, STREAMS.attempts, query);
      for (const { data, time } of page) count(states, toJudge, data, time.getTime(), health);
      isMore = page.length === PAGE;
      if (!isMore) mayBeBehindMs = MAX_BEHIND_MS;
      const last = page.at(-1);
      if (last !== undefined) from = last.seq + 1;
      const behindMs = last === undefined ? 0 : now() - last.time.getTime();
      if (isMore && behindMs > mayBeBehindMs) {
        log.warn({ behind_ms: behindMs }, "endpoint_watch.behind");
        from = new Date(now());
        mayBeBehindMs = MAX_BEHIND_MS;
      }
      const restMs = REST_BY_WORK * (performance.now() - workedFromMs);
      if (isMore) await pause(Math.min(MOST_REST_MS, restMs));
    }
    for (const one of states.failing()) toJudge.set(keyOf(one), one);
    await mapConcurrently([...toJudge], REQUESTS_AT_ONCE, async ([key, one]) => {
      if (!canGoOn()) return;
      const { workspaceId, endpoint } = one;
      await judge(states.get(workspaceId, endpoint), states, deps);
      toJudge.delete(key);
    });
  };
};

type EndpointName = Pick<EndpointState, "workspaceId" | "endpoint">;

/** Those of which there may be news. */
type ToJudge = Map<string, EndpointName>;

const keyOf = ({ workspaceId, endpoint }: EndpointName): string => `${workspaceId} ${endpoint}`;

const count = (
  states: EndpointStates,
  toJudge: ToJudge,
  data: Uint8Array,
  atMs: number,
  health: HealthPolicy,
): void => {
  for (const sign of attemptSigns(data)) {
    const { workspaceId, endpoint, hasFailed } = sign;
    const state = states.get(workspaceId, endpoint);
    states.keep({ ...state, window: withAttempt(state.window, atMs, hasFailed, health) });
    toJudge.set(keyOf(sign), sign);
  }
};

/** Tells what is new of an endpoint; kept as told only once it is stored. */
const judge = async (
  state: EndpointState,
  states: EndpointStates,
  { nats, metrics, log, health, now }: EndpointRoundDeps,
): Promise<void> => {
  const nowMs = now();
  const sum = sumOf(state.window, nowMs, health);
  const news = newsOf(state.told, sum, health);
  const operation = operationOf(news, state, sum, nowMs, health);
  if (operation === undefined) return;
  const { workspaceId, endpoint, recoveredSeq } = state;
  const degree = operation.kind === "endpoint.failing" ? operation.threshold_percent : 0;
  const published = await publishOnce(nats, {
    stream: STREAMS.operations,
    subject: operationSubject(workspaceId, operation.kind),
    body: JSON.stringify(operation),
    messageId: `${workspaceId}:${endpoint}:${degree}:${recoveredSeq}`,
  });
  if (published.kind === "conflict") return;
  metrics.operations.inc({ kind: operation.kind });
  // The path of a URL is the customer's, and may be a secret.
  log.warn({ ...operation, endpoint: destinationOf(endpoint).origin }, operation.kind);
  const told = toldAfter(state.told, news, nowMs);
  const seq = news.kind === "recovered" ? published.seq : recoveredSeq;
  states.keep({ ...states.get(workspaceId, endpoint), told, recoveredSeq: seq });
};

const operationOf = (
  news: HealthNews,
  { workspaceId, endpoint, scope }: EndpointState,
  sum: Sum,
  nowMs: number,
  { windowMs }: HealthPolicy,
): EndpointOperation | undefined => {
  const at = new Date(nowMs).toISOString();
  const counts = { ...sum, window_seconds: windowMs / 1_000 };
  const common = { workspace_id: workspaceId, at, endpoint, scope, ...counts };
  switch (news.kind) {
    case "nothing":
      return undefined;
    case "failing":
      return { kind: "endpoint.failing", ...common, threshold_percent: news.atPercent };
    case "recovered": {
      const failing_since = new Date(news.sinceMs).toISOString();
      return { kind: "endpoint.recovered", ...common, failing_since };
    }
    default:
      return news satisfies never;
  }
};

/** What OPERATIONS says was told of endpoints. */
const statesTold = async (nats: Nats, log: Logger): Promise<EndpointStates> => {
  const states = endpointStates();
  for (let from = 1; ;) {
    const query = { filter: ENDPOINT_OPERATIONS, from, size: PAGE };
    const page = await readPage(nats, STREAMS.operations, query);
    for (const { seq, data } of page) {
      const operation = operationIn(data);
      if (operation === undefined) log.error({ seq }, "endpoint_watch.unreadable");
      else keepTold(states, operation, seq);
    }
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return states;
    from = last.seq + 1;
  }
};

const keepTold = (states: EndpointStates, operation: EndpointOperation, seq: number): void => {
  const state = states.get(operation.workspace_id, operation.endpoint);
  if (operation.kind === "endpoint.recovered") {
    states.keep({ ...state, told: { kind: "well" }, recoveredSeq: seq });
    return;
  }
  const news = { kind: "failing", atPercent: operation.threshold_percent } as const;
  states.keep({ ...state, told: toldAfter(state.told, news, Date.parse(operation.at)) });
};

const operationIn = (data: Uint8Array): EndpointOperation | undefined => {
  const { value } = decodeOperation(data);
  return value?.kind === "endpoint.failing" || value?.kind === "endpoint.recovered"
    ? value
    : undefined;
};
