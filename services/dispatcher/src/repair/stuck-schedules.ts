import {
  readDue,
  readRetry,
  type RetryMessage,
} from "@ringback/contracts/deliveries/retry-message";
import { parseScheduledRetrySubject } from "@ringback/contracts/streams/retry-subjects";
import { SCHEDULED_RETRIES, STREAMS } from "@ringback/contracts/streams/subjects";
import { mapConcurrently } from "@ringback/runtime/process/concurrency";
import type { BatchMessage } from "@ringback/runtime/streams/read-batch";
import { scheduleState } from "./decide/due.ts";
import {
  countRepair,
  isFull,
  noteOverdue,
  REQUESTS_AT_ONCE,
  type Findings,
  type OverdueWatchDeps,
} from "./repairs.ts";
import { readThrough } from "./scan-stream.ts";

type Stuck = {
  readonly retry: RetryMessage;
  readonly seq: number;
  /** When NATS should have fired it. */
  readonly atMs: number;
  readonly overdueMs: number;
};

/**
 * One round over the schedules on RETRIES: those that the server should have fired are published again,
 * each in its own place, so that one that fires meanwhile is left alone.
 */
export const stuckSchedules = (
  deps: OverdueWatchDeps,
): ((findings: Findings, canGoOn: () => boolean) => Promise<void>) => {
  let findings: Findings;
  let canGoOn: () => boolean;
  const read = readThrough({
    nats: deps.nats,
    stream: STREAMS.retries,
    filter: SCHEDULED_RETRIES,
    fromSeq: 1,
    tailAgainMs: deps.policy.everyMs / 2, // once in each round
    now: deps.now,
    judge: async (page, nowMs) => {
      const { stuck, lookAtMs } = sorted(page, nowMs, findings, deps);
      await mapConcurrently(stuck, REQUESTS_AT_ONCE, async (one) => {
        if (canGoOn()) await publishAgain(one, findings, deps);
      });
      // What was not come to is looked at again at once; what was is behind the end now.
      return canGoOn() ? lookAtMs : nowMs;
    },
  });
  return async (inRound, mayGoOn) => {
    findings = inRound;
    canGoOn = mayGoOn;
    await read(() => mayGoOn() && !isFull(inRound));
  };
};

const sorted = (
  page: readonly BatchMessage[],
  nowMs: number,
  findings: Findings,
  { policy }: OverdueWatchDeps,
): { readonly stuck: readonly Stuck[]; readonly lookAtMs: number | undefined } => {
  const stuck: Stuck[] = [];
  let lookAtMs: number | undefined;
  const lookAgain = (ms: number): void => {
    lookAtMs = Math.min(lookAtMs ?? ms, ms);
  };
  for (const message of page) {
    const dueMs = fireTime(message.header.get);
    if (dueMs === undefined) continue; // nobody can tell
    const times = { dueMs, storedMs: message.time.getTime() };
    const state = scheduleState(times, nowMs, policy);
    switch (state.kind) {
      case "waiting":
        lookAgain(state.lookAtMs);
        break;
      case "late":
        noteOverdue(findings, state.overdueMs);
        lookAgain(state.lookAtMs);
        break;
      case "stuck": {
        const retry = retryIn(message);
        if (retry !== undefined)
          stuck.push({ retry, seq: message.seq, atMs: dueMs, overdueMs: state.overdueMs });
        break;
      }
      default:
        state satisfies never;
    }
  }
  return { stuck, lookAtMs };
};

/** Later than the retry is due where the clock of the one who scheduled it was behind NATS's. */
const fireTime = (header: (name: string) => string): number | undefined => {
  const ms = Date.parse(header("Nats-Schedule").replace(/^@at /, ""));
  return Number.isNaN(ms) ? readDue(header) : ms;
};

const retryIn = (message: BatchMessage): RetryMessage | undefined => {
  const named = parseScheduledRetrySubject(message.subject);
  if (named === undefined) return undefined;
  const read = readRetry(named.agent, message.header.get);
  return read.kind === "retry" && read.retry.deliveryId === named.deliveryId
    ? read.retry
    : undefined;
};

const publishAgain = async (
  { retry, seq, atMs, overdueMs }: Stuck,
  findings: Findings,
  { store, metrics }: OverdueWatchDeps,
): Promise<void> => {
  noteOverdue(findings, overdueMs);
  // With its time as it was: should this clock be wrong, the server still does not fire it early.
  if ((await store.replaceSchedule(retry, seq, atMs)) === "conflict") return;
  countRepair(findings, "overdue", retry, metrics);
};
