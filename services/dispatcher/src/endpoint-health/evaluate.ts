import { decodeOperation } from "@ringback/contracts/deliveries/decode";
import type { EndpointOperation } from "@ringback/contracts/deliveries/operation";
import {
  ENDPOINT_OPERATIONS,
  operationSubject,
} from "@ringback/contracts/streams/operation-subjects";
import { idsInSubject } from "@ringback/contracts/streams/subject-ids";
import { ATTEMPT_RECORDS, STREAMS } from "@ringback/contracts/streams/subjects";
import { mapConcurrently } from "@ringback/runtime/process/concurrency";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import type { Nats } from "@ringback/runtime/nats/connection";
import { isNew, publishOnce } from "@ringback/runtime/nats/publish";
import type { LeaderRound } from "@ringback/runtime/streams/leader-loop";
import { readPage, type BatchMessage } from "@ringback/runtime/streams/read-batch";
import { scanPages } from "@ringback/runtime/streams/scan-pages";
import {
  failingFrom,
  healthAfter,
  sumOf,
  withAttempt,
  type HealthPolicy,
  type NotifiedHealth,
  type Sum,
} from "./decide/health.ts";
import { destinationOf } from "../delivery/decide/request.ts";
import type { DispatcherMetrics } from "../metrics.ts";
import { attemptSignals } from "./attempt-signals.ts";
import {
  endpointStates,
  keyOf,
  type EndpointKey,
  type EndpointState,
  type EndpointStates,
} from "./endpoint-states.ts";

export type EvaluationDeps = {
  readonly nats: Nats;
  readonly metrics: Pick<DispatcherMetrics, "operations">;
  readonly log: Logger;
  readonly health: HealthPolicy;
  readonly now: () => number;
};

const ROUND_MS = 1_500;
const OPERATIONS_PAGE = 32;
const MAX_CONCURRENT = 32;

/** A reader that is further behind skips to the newest attempt: shares then come from a part of the attempts. */
const MAX_BEHIND_MS = 30_000;

/**
 * Makes the round of a new leader: reads what was published about endpoints before, then the attempts of
 * the last window. Each round reads the attempts since the one before.
 */
export const evaluationRound = async (deps: EvaluationDeps): Promise<LeaderRound> => {
  const { nats, health, log, now } = deps;
  const states = await notifiedStates(nats, log);
  const toEvaluate = new Map<string, EndpointKey>();
  let from: number | Date = new Date(now() - health.windowMs);
  let maxBehindMs = health.windowMs + MAX_BEHIND_MS;
  let isMore = true;
  const visit = (page: readonly BatchMessage[], isEnd: boolean): void => {
    isMore = !isEnd;
    for (const { data, time } of page) {
      for (const signal of attemptSignals(data)) {
        const state = states.get(signal);
        const window = withAttempt(state.window, time.getTime(), signal.hasFailed, health);
        states.keep({ ...state, window });
        toEvaluate.set(keyOf(signal), signal);
      }
    }
    if (isEnd) maxBehindMs = MAX_BEHIND_MS;
    const last = page.at(-1);
    if (last === undefined) return;
    from = last.seq + 1;
    const behindMs = now() - last.time.getTime();
    if (isEnd || behindMs <= maxBehindMs) return;
    log.warn({ behind_ms: behindMs }, "endpoint_watch.behind");
    from = new Date(now());
    maxBehindMs = MAX_BEHIND_MS;
  };
  const attempts = { nats, stream: STREAMS.attempts, filter: ATTEMPT_RECORDS, visit };
  const next = (): number | Date | undefined => (isMore ? from : undefined);
  return async (canGoOn) => {
    isMore = true;
    await scanPages({ ...attempts, next, pauseByWork: 7, maxMs: ROUND_MS }, canGoOn);
    for (const one of states.failing()) toEvaluate.set(keyOf(one), one);
    await mapConcurrently([...toEvaluate], MAX_CONCURRENT, async ([key, one]) => {
      if (!canGoOn()) return;
      await evaluate(states.get(one), states, deps);
      toEvaluate.delete(key);
    });
  };
};

/** Publishes a change of an endpoint's health; `notified` changes only once that is stored. */
const evaluate = async (
  state: EndpointState,
  states: EndpointStates,
  { nats, metrics, log, health, now }: EvaluationDeps,
): Promise<void> => {
  const nowMs = now();
  const sum = sumOf(state.window, nowMs, health);
  const notified = healthAfter(state.notified, sum, nowMs, health);
  if (notified === state.notified) return;
  const operation = operationOf(state, notified, { sum, nowMs, health });
  const { workspaceId, endpoint, recoveredSeq } = state;
  const degree = operation.kind === "endpoint.failing" ? operation.threshold_percent : 0;
  const published = await publishOnce(nats, {
    stream: STREAMS.operations,
    subject: operationSubject(workspaceId, operation.kind),
    body: JSON.stringify(operation),
    messageId: `${workspaceId}:${endpoint}:${degree}:${recoveredSeq}`,
  });
  if (published.kind === "conflict") return;
  if (isNew(published)) {
    metrics.operations.inc({ kind: operation.kind });
    // The path of a URL is the customer's, and may be a secret.
    log.warn({ ...operation, endpoint: destinationOf(endpoint).origin }, operation.kind);
  }
  const seq = notified.kind === "healthy" ? published.seq : recoveredSeq;
  states.keep({ ...states.get(state), notified, recoveredSeq: seq });
};

const operationOf = (
  { workspaceId, endpoint, scope, notified: before }: EndpointState,
  notified: NotifiedHealth,
  { sum, nowMs, health }: { sum: Sum; nowMs: number; health: HealthPolicy },
): EndpointOperation => {
  const at = new Date(nowMs).toISOString();
  const counts = { ...sum, window_seconds: health.windowMs / 1_000 };
  const common = { workspace_id: workspaceId, at, endpoint, scope, ...counts };
  if (notified.kind === "failing") {
    return { kind: "endpoint.failing", ...common, threshold_percent: notified.atPercent };
  }
  const failing_since = before.kind === "failing" ? new Date(before.sinceMs).toISOString() : at;
  return { kind: "endpoint.recovered", ...common, failing_since };
};

/** What OPERATIONS says was published about endpoints. */
const notifiedStates = async (nats: Nats, log: Logger): Promise<EndpointStates> => {
  const states = endpointStates();
  for (let from = 1; ;) {
    const query = { filter: ENDPOINT_OPERATIONS, from, size: OPERATIONS_PAGE };
    const page = await readPage(nats, STREAMS.operations, query);
    for (const { subject, seq, data } of page) {
      const { value } = decodeOperation(data);
      if (value?.kind === "endpoint.failing" || value?.kind === "endpoint.recovered") {
        keepNotified(states, value, seq);
      } else {
        log.error({ ...idsInSubject(subject), subject, seq }, "endpoint_watch.unreadable");
      }
    }
    const last = page.at(-1);
    if (last === undefined || page.length < OPERATIONS_PAGE) return states;
    from = last.seq + 1;
  }
};

const keepNotified = (states: EndpointStates, operation: EndpointOperation, seq: number): void => {
  const { workspace_id: workspaceId, endpoint } = operation;
  const state = states.get({ workspaceId, endpoint });
  if (operation.kind === "endpoint.recovered") {
    states.keep({ ...state, notified: { kind: "healthy" }, recoveredSeq: seq });
    return;
  }
  const { threshold_percent: atPercent, at } = operation;
  const notified = failingFrom(state.notified, atPercent, Date.parse(at));
  states.keep({ ...state, notified });
};
