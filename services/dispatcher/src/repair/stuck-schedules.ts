import {
  readDue,
  readFirstAttempt,
  readRetry,
  type RetryMessage,
} from "@ringback/contracts/deliveries/retry-message";
import { parseScheduledRetrySubject } from "@ringback/contracts/streams/retry-subjects";
import { SCHEDULED_RETRIES, STREAMS } from "@ringback/contracts/streams/subjects";
import { mapConcurrently } from "@ringback/runtime/process/concurrency";
import type { BatchMessage } from "@ringback/runtime/streams/read-batch";
import type { FirstAttempts } from "../observe/decide/first-attempts.ts";
import { scheduleState } from "./decide/due.ts";
import {
  isFull,
  MAX_CONCURRENT_REPAIRS,
  noteOverdue,
  republish,
  type OverdueRetry,
  type RepairDeps,
  type Repairs,
} from "./repairs.ts";
import { streamScan } from "./scan-stream.ts";

/**
 * A round over the schedules on RETRIES. Publishes those again that the server should have fired, each with
 * its sequence expected, so that a schedule that fires meanwhile is left alone.
 */
export const stuckSchedules = (
  deps: RepairDeps,
  waiting: FirstAttempts,
): ((repairs: Repairs, canGoOn: () => boolean) => Promise<void>) => {
  const scan = streamScan({
    nats: deps.nats,
    stream: STREAMS.retries,
    filter: SCHEDULED_RETRIES,
    fromSeq: 1,
    tailAgainMs: deps.policy.everyMs / 2, // once in each round
    now: deps.now,
  });
  return (repairs, canGoOn) =>
    scan(
      () => canGoOn() && !isFull(repairs),
      async (page, nowMs, isEnd) => {
        noteWaiting(waiting, page, nowMs);
        if (isEnd) waiting.complete(nowMs);
        const { stuck, recheckAtMs } = stuckIn(page, nowMs, repairs, deps);
        await mapConcurrently(stuck, MAX_CONCURRENT_REPAIRS, async (one) => {
          // With its time unchanged: should this clock be wrong, the server still does not fire it early.
          if (canGoOn()) await republish(one, "overdue", repairs, deps);
        });
        // Published schedules are behind the end now. After an early end the page is due again at once.
        return canGoOn() ? recheckAtMs : nowMs;
      },
    );
};

/** Each schedule is read once anyway: so what waits is counted without a further look at the stream. */
const noteWaiting = (
  waiting: FirstAttempts,
  page: readonly BatchMessage[],
  nowMs: number,
): void => {
  for (const { seq, time, header } of page) {
    const first = waiting.isNew(seq) ? readFirstAttempt(header.get) : undefined;
    const dueMs = first && fireTime(header.get);
    if (first === undefined || dueMs === undefined) continue;
    const storedMs = first.storedAtMs ?? time.getTime();
    waiting.add({ reason: first.deferredFor, storedMs, dueMs }, nowMs);
  }
};

const stuckIn = (
  page: readonly BatchMessage[],
  nowMs: number,
  repairs: Repairs,
  { policy }: RepairDeps,
): { readonly stuck: readonly OverdueRetry[]; readonly recheckAtMs: number | undefined } => {
  const stuck: OverdueRetry[] = [];
  let recheckAtMs = Infinity;
  for (const message of page) {
    const atMs = fireTime(message.header.get);
    if (atMs === undefined) continue;
    const times = { dueMs: atMs, storedMs: message.time.getTime() };
    const state = scheduleState(times, nowMs, policy);
    if (state.kind === "stuck") {
      const retry = retryIn(message);
      const found = { overdueMs: state.overdueMs, scheduleSeq: message.seq, atMs };
      if (retry !== undefined) stuck.push({ retry, ...found });
      continue;
    }
    recheckAtMs = Math.min(recheckAtMs, state.recheckAtMs);
    if (state.kind === "late") noteOverdue(repairs, state.overdueMs);
  }
  return { stuck, recheckAtMs: Number.isFinite(recheckAtMs) ? recheckAtMs : undefined };
};

/** Later than the retry is due where the scheduling dispatcher's clock was behind that of NATS. */
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
