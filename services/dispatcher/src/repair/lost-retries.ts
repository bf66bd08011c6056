import { Buffer } from "node:buffer";
import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import { decodeAttempt } from "@ringback/contracts/deliveries/decode";
import {
  ATTEMPT_RECORDS,
  deliveryIdInAttemptSubject,
  STREAMS,
} from "@ringback/contracts/streams/subjects";
import { pause } from "@ringback/runtime/process/backoff";
import { mapConcurrently } from "@ringback/runtime/process/concurrency";
import { deliveryKey, pendingRetries } from "@ringback/runtime/streams/pending-retry";
import { readLastOf, readPage, type BatchMessage } from "@ringback/runtime/streams/read-batch";
import { lookBackMs, retryState } from "./decide/due.ts";
import { nextRetry } from "../settle/next-step.ts";
import {
  isFull,
  MAX_CONCURRENT_REPAIRS,
  republish,
  type OverdueRetry,
  type RepairDeps,
  type Repairs,
} from "./repairs.ts";
import { streamScan } from "./scan-stream.ts";

type Round = (repairs: Repairs, canGoOn: () => boolean, stopping: AbortSignal) => Promise<void>;

/** A recorded delivery whose retry was due some time ago, and its record's position on ATTEMPTS. */
type Suspect = OverdueRetry & { readonly subject: string; readonly seq: number };

/**
 * A round over the records on ATTEMPTS. Schedules the retry again when a delivery's last record says that
 * one follows and RETRIES has none. Undefined while there are no recent records.
 */
export const lostRetries = async (deps: RepairDeps): Promise<Round | undefined> => {
  const { nats, policy, now } = deps;
  const since = new Date(now() - lookBackMs(deps.operatorsPolicy.retry));
  const first = { filter: ATTEMPT_RECORDS, from: since, size: 1 };
  const [oldest] = await readPage(nats, STREAMS.attempts, first);
  if (oldest === undefined) return undefined;
  const scan = streamScan({
    nats,
    stream: STREAMS.attempts,
    filter: ATTEMPT_RECORDS,
    fromSeq: oldest.seq,
    tailAgainMs: policy.recheckAfterMs,
    now,
  });
  return async (repairs, canGoOn, stopping) => {
    const suspects: Suspect[] = [];
    const visit = async (page: readonly BatchMessage[], nowMs: number) => {
      const { overdue, recheckAtMs } = overdueIn(page, nowMs, deps);
      const { isOpen, withoutRetry } = await withoutPendingRetry(overdue, deps);
      suspects.push(...withoutRetry);
      // At most once a minute for each page, however many delays there are in it.
      const soonestMs = nowMs + policy.recheckAfterMs;
      if (isOpen) return soonestMs;
      return recheckAtMs === undefined ? undefined : Math.max(recheckAtMs, soonestMs);
    };
    await scan(() => canGoOn() && !isFull(repairs, suspects.length), visit);
    if (suspects.length === 0) return;
    // A dispatcher that was about to store the schedule has done so by then.
    await pause(policy.confirmAfterMs, stopping);
    await mapConcurrently(suspects, MAX_CONCURRENT_REPAIRS, async (one) => {
      if (canGoOn()) await scheduleIfMissing(one, repairs, deps);
    });
  };
};

const overdueIn = (
  page: readonly BatchMessage[],
  nowMs: number,
  { policy }: RepairDeps,
): { readonly overdue: readonly Suspect[]; readonly recheckAtMs: number | undefined } => {
  const overdue: Suspect[] = [];
  let recheckAtMs: number | undefined;
  for (const { subject, seq, data, time } of page) {
    const deliveryId = deliveryIdInAttemptSubject(subject);
    const record = deliveryId === undefined ? undefined : recordWithRetry(data);
    if (deliveryId === undefined || record?.next.kind !== "retry") continue;
    const storedAfterMs = time.getTime() - (Date.parse(record.at) + record.duration_ms);
    const state = retryState(record.next, storedAfterMs, nowMs, policy);
    if (state.kind === "waiting")
      recheckAtMs = Math.min(recheckAtMs ?? Infinity, state.recheckAtMs);
    if (state.kind === "overdue") {
      const retry = nextRetry(record, deliveryId, record.next.at);
      overdue.push({ retry, overdueMs: state.overdueMs, scheduleSeq: 0, subject, seq });
    }
  }
  return { overdue, recheckAtMs };
};

/** Most records are of deliveries that have ended: they are not even parsed. */
const recordWithRetry = (data: Uint8Array): AttemptRecord | undefined => {
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return text.includes('"retry"') ? decodeAttempt(data).value : undefined;
};

/**
 * Filters retries without a later record, schedule or due message (any replica may reply). A few requests per
 * page. `isOpen`: one of them has no later record, so that the page has to be visited again.
 */
const withoutPendingRetry = async (
  overdue: readonly Suspect[],
  { nats, store }: RepairDeps,
): Promise<{ readonly isOpen: boolean; readonly withoutRetry: readonly Suspect[] }> => {
  const subjects = [...new Set(overdue.map(({ subject }) => subject))];
  const records = await readLastOf(nats, STREAMS.attempts, subjects);
  const lastSeq = new Map(records.map(({ subject, seq }) => [subject, seq]));
  const open = overdue.filter(({ subject, seq }) => lastSeq.get(subject) === seq);
  const pending = await pendingRetries(
    nats,
    open.map(({ retry }) => retry),
  );
  const quiet = open.filter(({ retry }) => !pending.has(deliveryKey(retry)));
  const withoutRetry: Suspect[] = [];
  await mapConcurrently(quiet, MAX_CONCURRENT_REPAIRS, async (one) => {
    if (!(await store.isDeadLettered(one.retry))) withoutRetry.push(one);
  });
  // What was dead-lettered has ended: its page is not visited again for it.
  return { isOpen: open.length > quiet.length || withoutRetry.length > 0, withoutRetry };
};

/**
 * Reads from the leader, in the order in which a delivery moves: schedule, due message, next record. A retry
 * in flight stays on RETRIES until its record is stored, so one of the reads finds it.
 */
const scheduleIfMissing = async (
  missing: Suspect,
  repairs: Repairs,
  deps: RepairDeps,
): Promise<void> => {
  const { retry, seq } = missing;
  const { store } = deps;
  const pending = await store.pendingRetry(retry, { minAttempt: retry.attempt });
  if (pending.kind !== "none" || (await store.isDeadLettered(retry))) return;
  const last = await store.readLastRecord(retry.address, retry.deliveryId);
  if (last.seq === seq) await republish(missing, "missing", repairs, deps);
};
