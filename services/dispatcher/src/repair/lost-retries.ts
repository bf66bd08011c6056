import { Buffer } from "node:buffer";
import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import { decodeAttempt } from "@ringback/contracts/deliveries/decode";
import {
  ATTEMPT_RECORDS,
  deliveryIdInAttemptSubject,
  STREAMS,
} from "@ringback/contracts/streams/subjects";
import { mapConcurrently } from "@ringback/runtime/process/concurrency";
import { pause } from "@ringback/runtime/process/backoff";
import { readPage, type BatchMessage } from "@ringback/runtime/streams/read-batch";
import { lookBackMs, owedState } from "./decide/due.ts";
import { nextRetry } from "../settle/next-step.ts";
import {
  countRepair,
  isFull,
  noteOverdue,
  REQUESTS_AT_ONCE,
  type Findings,
  type OverdueWatchDeps,
} from "./repairs.ts";
import { readThrough } from "./scan-stream.ts";
import { withoutSignOfReturn, type Owed } from "./sign-of-return.ts";

type Round = (findings: Findings, canGoOn: () => boolean, stopping: AbortSignal) => Promise<void>;

/**
 * One round over the records on ATTEMPTS: a delivery whose last one says that a retry follows, and of
 * which RETRIES knows nothing, is scheduled again. Undefined while there are no records of late.
 */
export const missingSchedules = async (deps: OverdueWatchDeps): Promise<Round | undefined> => {
  const { nats, policy, now } = deps;
  const since = new Date(now() - lookBackMs(deps.operatorsPolicy.retry));
  const first = { filter: ATTEMPT_RECORDS, from: since, size: 1 };
  const [oldest] = await readPage(nats, STREAMS.attempts, first);
  if (oldest === undefined) return undefined;
  let suspects: Owed[] = [];
  const read = readThrough({
    nats,
    stream: STREAMS.attempts,
    filter: ATTEMPT_RECORDS,
    fromSeq: oldest.seq,
    tailAgainMs: policy.lookAgainMs,
    now,
    judge: async (page, nowMs) => {
      const { owed, lookAtMs } = sorted(page, nowMs, deps);
      const { open, withoutSign } = await withoutSignOfReturn(owed, nats);
      suspects.push(...withoutSign);
      const againMs = open ? nowMs + policy.lookAgainMs : undefined;
      // At most once a minute for each page, however many delays there are in it.
      if (lookAtMs === undefined) return againMs;
      return Math.max(Math.min(lookAtMs, againMs ?? lookAtMs), nowMs + policy.lookAgainMs);
    },
  });
  return async (findings, canGoOn, stopping) => {
    suspects = [];
    await read(() => canGoOn() && !isFull(findings, suspects.length));
    if (suspects.length === 0) return;
    // Whoever was about to store its schedule has done so by then.
    await pause(policy.confirmAfterMs, stopping);
    await mapConcurrently(suspects, REQUESTS_AT_ONCE, async (one) => {
      if (canGoOn()) await scheduleIfMissing(one, findings, deps);
    });
  };
};

const sorted = (
  page: readonly BatchMessage[],
  nowMs: number,
  { policy }: OverdueWatchDeps,
): { readonly owed: readonly Owed[]; readonly lookAtMs: number | undefined } => {
  const owed: Owed[] = [];
  let lookAtMs: number | undefined;
  for (const { subject, seq, data, time } of page) {
    const deliveryId = deliveryIdInAttemptSubject(subject);
    const record = deliveryId === undefined ? undefined : recordWithRetry(data);
    if (deliveryId === undefined || record?.next.kind !== "retry") continue;
    const storedAfterMs = time.getTime() - (Date.parse(record.at) + record.duration_ms);
    const state = owedState(record.next, storedAfterMs, nowMs, policy);
    if (state.kind === "waiting") lookAtMs = Math.min(lookAtMs ?? Infinity, state.lookAtMs);
    if (state.kind === "owed") {
      const retry = nextRetry(record, deliveryId, record.next.at);
      owed.push({ retry, subject, seq, overdueMs: state.overdueMs });
    }
  }
  return { owed, lookAtMs };
};

/** Most records are of deliveries that have ended: they are not even parsed. */
const recordWithRetry = (data: Uint8Array): AttemptRecord | undefined => {
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return text.includes('"retry"') ? decodeAttempt(data).value : undefined;
};

/**
 * All looks go to the leader, in the order in which a delivery moves: schedule, fired message, next
 * record. What is in work stays in RETRIES until its record is stored, so it is seen by one of them.
 */
const scheduleIfMissing = async (
  { retry, seq, overdueMs }: Owed,
  findings: Findings,
  { store, metrics }: OverdueWatchDeps,
): Promise<void> => {
  const pending = await store.pendingRetry(retry, { minAttempt: retry.attempt });
  if (pending.kind !== "none") return;
  const last = await store.readLastRecord(retry.address, retry.deliveryId);
  if (last.seq !== seq) return;
  noteOverdue(findings, overdueMs);
  if ((await store.replaceSchedule(retry, 0)) === "conflict") return;
  countRepair(findings, "missing", retry, metrics);
};
