import type { JsMsg } from "@nats-io/jetstream";
import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import type { DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import type { FanOut } from "@ringback/contracts/deliveries/fan-out";
import { subscriptionDestination } from "@ringback/contracts/endpoints/destination";
import type { RetryMessage } from "@ringback/contracts/deliveries/retry-message";
import { eventSubject } from "@ringback/contracts/streams/subjects";
import { elapsedMs } from "@ringback/runtime/process/elapsed";
import { createLogger } from "@ringback/runtime/telemetry/logger";
import { createMetrics } from "@ringback/runtime/telemetry/metrics";
import { keyRing } from "@ringback/runtime/secrets/sealing";
import { POSTPONE } from "../../services/dispatcher/src/delivery/decide/postpone.ts";
import type { EventDeps } from "../../services/dispatcher/src/intake/handle-event.ts";
import type { UnexpectedErrorDeps } from "../../services/dispatcher/src/intake/unexpected-error.ts";
import { createLimiter } from "../../services/dispatcher/src/limits/limiter.ts";
import { networkOutageDetector } from "../../services/dispatcher/src/send/network-outage.ts";
import { dispatcherMetrics } from "../../services/dispatcher/src/metrics.ts";
import type { DeliveryStore } from "../../services/dispatcher/src/settle/delivery-store.ts";
import type { InFlightMessage } from "../../services/dispatcher/src/settle/in-flight.ts";
import { settleSteps } from "../../services/dispatcher/src/settle/settle.ts";
import { NO_ORDER } from "./fixtures/no-order.ts";
import { ADDRESS } from "./fixtures/records.ts";

/** When the nth call of the store fails: before it has done anything, or after all but its reply. */
export interface Fault {
  readonly call: number;
  readonly when: "before" | "after";
}

/** A fault before and after each of so many calls. */
export const faultsIn = (calls: number): Fault[] =>
  Array.from({ length: calls }, (_, n) => n + 1).flatMap((call) => [
    { call, when: "before" } as const,
    { call, when: "after" } as const,
  ]);

export const EVENT_BODY = new TextEncoder().encode(
  JSON.stringify({ event_type: "call_completed", call_id: "c1", agent_id: "a1" }),
);

const storeIf = <T>(isNext: boolean, list: T[], value: T) => {
  if (!isNext) return "conflict" as const;
  list.push(value);
  return "stored" as const;
};

/** The streams of deliveries in memory, with what settling needs of them. EVENTS has one event, number 7. */
export const streamsInMemory = () => {
  const records: AttemptRecord[] = [];
  const fanOuts: FanOut[] = [];
  const started = new Map<string, RetryMessage>();
  const schedules = new Map<string, RetryMessage>();
  const deadLetters = new Map<string, DeadLetter>();
  const published: string[] = [];
  let events: readonly number[] = [7];
  let calls = 0;
  let fault: Fault | undefined;
  const call = async <T>(work: () => T): Promise<T> => {
    calls += 1;
    if (fault?.call === calls && fault.when === "before") throw new Error("no reply");
    const result = work();
    if (fault?.call === calls) throw new Error("no reply");
    return result;
  };
  /** A record's sequence is its number among all. */
  const lastOf = (deliveryId: string) => {
    const isOf = (record: AttemptRecord) => (record.delivery_id ?? "7") === deliveryId;
    const n = records.findLastIndex(isOf);
    return { record: records[n], seq: n + 1 };
  };
  const schedule = (retry: RetryMessage): void => void schedules.set(retry.deliveryId, retry);
  const store: DeliveryStore = {
    eventId: (seq) => `evt_${seq}`,
    readEvent: (seq) =>
      call(() =>
        events.includes(seq)
          ? { subject: eventSubject(ADDRESS), body: EVENT_BODY, storedAtMs: 1_000 }
          : undefined,
      ),
    readLastRecord: (_address, id) => call(() => lastOf(id)),
    appendAttempt: (record, id, afterSeq) =>
      call(() => storeIf(afterSeq === lastOf(id).seq, records, record)),
    readFanOut: () => call(() => fanOuts[0]),
    storeFanOut: (_address, fanOut) => call(() => storeIf(fanOuts.length === 0, fanOuts, fanOut)),
    startDelivery: (first) => call(() => void started.set(first.deliveryId, first)),
    scheduleRetry: (retry) => call(() => schedule(retry)),
    replaceSchedule: async () => "conflict",
    pendingRetry: ({ deliveryId }, { minAttempt = 0 } = {}) =>
      call(() => {
        const retry = schedules.get(deliveryId) ?? started.get(deliveryId);
        return retry !== undefined && retry.attempt >= minAttempt
          ? ({ kind: "pending", state: "scheduled", retry, seq: 1 } as const)
          : ({ kind: "none" } as const);
      }),
    storeDeadLetter: (deadLetter, key) =>
      call(() => {
        const id = `${deadLetter.event_id}:${deadLetter.reason}:${key}`;
        return deadLetters.size < deadLetters.set(id, deadLetter).size ? "stored" : "present";
      }),
    isDeadLettered: async () => deadLetters.size > 0,
  };
  const steps = settleSteps(store, {
    publishExhausted: (_record, id) => call(() => void published.push(`exhausted ${id}`)),
    publishInvalid: async ({ event_id }) => void published.push(`${event_id}`),
  });
  return {
    records,
    fanOuts,
    /** Due messages of deliveries that were started beside the first; a test takes what it handles. */
    started,
    schedules,
    deadLetters,
    published,
    calls: () => calls,
    fail: (next: Fault | undefined): void => {
      calls = 0;
      fault = next;
    },
    dropEvents: (): void => {
      events = [];
    },
    settleDeps: {
      store,
      steps,
      metrics: dispatcherMetrics(createMetrics("1")),
      log: createLogger("test", "silent"),
      logAttempt: () => undefined,
    },
  };
};

/** A message in flight without headers, and the acknowledgements that the server got. */
export const messageInFlight = (
  subject: string,
  data: Uint8Array = new Uint8Array(),
  deliveryCount = 1,
  replies: string[] = [],
) => {
  const message = {
    seq: 7,
    subject,
    data,
    info: { stream: "EVENTS", deliveryCount, timestampNanos: 1e9 },
    msg: { subject, data, size: () => subject.length + data.byteLength },
    headers: undefined,
    ack: () => replies.push("ack"),
    nak: (delayMs?: number) => replies.push(delayMs === undefined ? "nak" : `nak ${delayMs}`),
    working: () => replies.push("working"),
  } as unknown as JsMsg;
  const nowMs = elapsedMs();
  const inFlight: InFlightMessage = {
    message,
    bytes: data.byteLength,
    settled: false,
    confirmedMs: nowMs,
    heartbeatMs: nowMs,
    recordReadMs: nowMs,
    setBytes: (bytes) => {
      inFlight.bytes = bytes;
    },
  };
  return { inFlight, replies };
};

/** What handlers of messages need: real parts but for the streams, the sender and the clock, which stands still. */
export const handlerDeps = (
  streams: ReturnType<typeof streamsInMemory>,
  over: Partial<EventDeps & UnexpectedErrorDeps> = {},
): EventDeps & UnexpectedErrorDeps => ({
  ...streams.settleDeps,
  find: async () =>
    subscriptionDestination(ADDRESS, {
      event_type: "call_completed",
      callback_url: "https://x.example.com/hook",
      headers: {},
      method_type: "POST",
    }),
  candidates: async () => ({ isSubscribed: true, endpoints: [] }),
  matching: async (endpoints) => endpoints,
  sealer: keyRing([]),
  urlPolicy: { allowInsecureHttp: true, allowedPrivateCidrs: [], allowedPorts: [] },
  send: responding(200).send,
  ordering: NO_ORDER,
  limiter: createLimiter({ maxInFlight: 4, destinationMaxInFlight: 4 }, () => 0),
  detectNetworkOutage: networkOutageDetector(() => 0),
  operatorsPolicy: {
    timeoutMs: 5_000,
    retry: { delaysMs: [10_000], jitter: 0 },
    isSuccess: (status) => status === 200,
    retryAfter: "honour",
  },
  dispatchers: () => 1,
  userAgent: "Ringback/1.2.3",
  now: () => NOW_MS,
  random: () => 0,
  onStart: () => undefined,
  eventRules: {
    types: { kind: "catalogue", added: new Set() },
    schema: "warn",
    isOwnType: () => false,
  },
  onWarnings: () => undefined,
  findOwnType: async () => false,
  ownTimeOf: (serverMs) => serverMs,
  postpone: POSTPONE,
  ...over,
});

export const NOW_MS = Date.parse("2026-01-01T00:00:10.000Z");

/** A sender whose endpoint responds with this status; `requests` are the numbers of the attempts. */
export const responding = (status: number) => {
  const requests: string[] = [];
  const send: EventDeps["send"] = async ({ headers }) => {
    requests.push(headers["ringback-attempt"] ?? "");
    const result = { kind: "response", status, headers: {}, bodyText: "", durationMs: 5 } as const;
    return { result, released: Promise.resolve() };
  };
  return { requests, send };
};
