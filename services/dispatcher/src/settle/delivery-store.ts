import { randomUUID } from "node:crypto";
import type { StoredMsg } from "@nats-io/jetstream";
import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import type { DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import { decodeAttempt } from "@ringback/contracts/deliveries/decode";
import { eventId, type EventAddress } from "@ringback/contracts/events/event";
import { retryHeaders, type RetryMessage } from "@ringback/contracts/deliveries/retry-message";
import { scheduledRetrySubject } from "@ringback/contracts/streams/retry-subjects";
import {
  attemptSubject,
  deadLetterSubject,
  invalidEventDeadLetterSubject,
  STREAMS,
} from "@ringback/contracts/streams/subjects";
import { concurrencyLimit } from "@ringback/runtime/process/concurrency";
import type { DueForm } from "@ringback/runtime/streams/due-form";
import { isTooLarge } from "@ringback/runtime/nats/errors";
import {
  pendingRetry,
  type PendingRetry,
  type PendingRetryOptions,
} from "@ringback/runtime/streams/pending-retry";
import {
  isNew,
  maxBodyBytes,
  publishOnce,
  publishUntilStored,
  readLast,
  readSequence,
  type Published,
} from "@ringback/runtime/nats/publish";
import type { ServerClock } from "@ringback/runtime/nats/server-clock";
import { fanOutStore, type FanOutStoreOptions } from "./fan-out-store.ts";
import { fittedDeadLetter } from "./dead-letter.ts";
import { addressOf } from "../delivery/delivery.ts";
import { hasMessage, isDeadLettered, type Ended } from "./stored-before.ts";

/** An event as it is stored. */
export type StoredEvent = {
  readonly subject: string;
  readonly body: Uint8Array;
  readonly storedAtMs: number;
};

/** A delivery's last record, and its sequence on ATTEMPTS. */
export type LastRecord = { readonly record: AttemptRecord | undefined; readonly seq: number };

/** What is stored of deliveries: EVENTS, ATTEMPTS, RETRIES and DEAD_LETTERS, and nothing else. */
export type DeliveryStore = ReturnType<typeof natsDeliveryStore>;

export type DeliveryStoreOptions = FanOutStoreOptions & {
  /** The subjects of due retries. */
  readonly due: Pick<DueForm, "subjectOf">;
  /** The clock by which the server fires schedules. */
  readonly clock: Pick<ServerClock, "aheadMs">;
};

/**
 * Events that are read at once. Each may have 1 MiB, and the server closes a connection that is 64 MiB behind
 * (`max_pending`): fifty deliveries of a few large events become due together.
 */
const EVENT_READS_AT_ONCE = 16;

/** The store on NATS. Writes are repeated until they are stored or `signal` is aborted. */
export const natsDeliveryStore = (options: DeliveryStoreOptions) => {
  const { nats, eventsOrigin, due, clock, log, signal } = options;
  // The server fires by its own clock: fire when both clocks agree.
  const fireTime = ({ dueMs }: RetryMessage): number => dueMs + Math.max(0, clock.aheadMs());
  const limited = concurrencyLimit(EVENT_READS_AT_ONCE);
  return {
    ...fanOutStore(options),
    eventId: (eventSeq: number): string => eventId(eventsOrigin, eventSeq),
    /** The event with this sequence; undefined when EVENTS does not have it any more. */
    readEvent: async (eventSeq: number): Promise<StoredEvent | undefined> => {
      const stored = await limited(() => readSequence(nats, STREAMS.events, eventSeq));
      if (stored === null) return undefined;
      return { subject: stored.subject, body: stored.data, storedAtMs: stored.time.getTime() };
    },
    readLastRecord: async (address: EventAddress, deliveryId: string): Promise<LastRecord> => {
      const last = await readLast(nats, STREAMS.attempts, attemptSubject(address, deliveryId));
      if (last === null) return { record: undefined, seq: 0 };
      return { record: recordIn(last), seq: last.seq };
    },
    /** Appends a record after the one with sequence `afterSeq`; `conflict` when another came first. */
    appendAttempt: async (
      record: AttemptRecord,
      deliveryId: string,
      afterSeq: number,
    ): Promise<Published["kind"]> => {
      const publication = {
        stream: STREAMS.attempts,
        subject: attemptSubject(addressOf(record), deliveryId),
        body: JSON.stringify(record),
        messageId: randomUUID(),
        expectedLastSeq: afterSeq,
      };
      return (await publishUntilStored(nats, publication, log, signal)).kind;
    },
    /** Schedules a retry: never early by this machine's clock or NATS's. Replaces the delivery's earlier schedule. */
    scheduleRetry: async (retry: RetryMessage): Promise<void> => {
      const publication = retryPublication(retry, fireTime(retry), due);
      await publishUntilStored(nats, publication, log, signal);
    },
    /**
     * Replaces the schedule with this sequence, 0 for none; `conflict` when that has fired or was replaced.
     * Tried once: throws where the server does not reply. `atMs`: the time at which NATS has to fire it.
     */
    replaceSchedule: async (
      retry: RetryMessage,
      seq: number,
      atMs = fireTime(retry),
    ): Promise<Published["kind"]> => {
      const publication = { ...retryPublication(retry, atMs, due), expectedLastSeq: seq };
      return (await publishOnce(nats, publication)).kind;
    },
    /** The delivery's retry that waits or is in work. */
    pendingRetry: (
      delivery: Pick<RetryMessage, "address" | "deliveryId">,
      wanted?: PendingRetryOptions,
    ): Promise<PendingRetry> => pendingRetry(nats, delivery, wanted),
    /** Stores a dead letter; `present` when the same one was stored before. */
    storeDeadLetter: (deadLetter: DeadLetter, key: string): Promise<"stored" | "present"> =>
      storeDeadLetter(deadLetter, key, options),
    /** Whether the delivery was dead-lettered. */
    isDeadLettered: (delivery: Ended): Promise<boolean> => isDeadLettered(nats, delivery),
  };
};

/** The error says where the record is, never its content: the response's excerpt is a customer's. */
const recordIn = ({ subject, seq, data }: StoredMsg): AttemptRecord => {
  const where = `message ${seq} on ATTEMPTS, ${subject}`;
  const { value, wrong } = decodeAttempt(data);
  if (value !== undefined) return value;
  if (wrong.length === 0) {
    throw new Error(`${where}, is ${data.byteLength} bytes that are not JSON: expected a record`);
  }
  const paths = wrong.map((path) => path || "all of it").join(", ");
  throw new Error(`${where}, is no record of an attempt: wrong are ${paths}`);
};

/**
 * New id each time: a stale schedule may overwrite the right one, so the same schedule must be storable
 * twice; a known id would be dropped as a duplicate.
 */
const retryPublication = (retry: RetryMessage, atMs: number, due: DeliveryStoreOptions["due"]) => ({
  stream: STREAMS.retries,
  subject: scheduledRetrySubject(retry.address, retry.deliveryId),
  body: "",
  messageId: randomUUID(),
  headers: retryHeaders(retry),
  schedule: { atMs, target: due.subjectOf(retry.address, retry.deliveryId) },
});

const storeDeadLetter = async (
  deadLetter: DeadLetter,
  key: string,
  { nats, log, signal }: Pick<DeliveryStoreOptions, "nats" | "log" | "signal">,
): Promise<"stored" | "present"> => {
  const subject =
    deadLetter.reason === "invalid_event"
      ? invalidEventDeadLetterSubject(deadLetter.subject)
      : deadLetterSubject({
          workspaceId: deadLetter.workspace_id,
          callId: deadLetter.call_id,
          agentId: deadLetter.agent_id,
          eventType: deadLetter.event_type,
        });
  const messageId = `${deadLetter.event_id ?? "unknown"}:${deadLetter.reason}:${key}`;
  // The duplicate window is short; a process may be away for longer.
  if (await hasMessage(nats, STREAMS.deadLetters, subject, messageId)) return "present";
  for (let n = 0; ; n += 1) {
    const fitted = fittedDeadLetter(deadLetter, maxBodyBytes(nats) ?? Infinity);
    if (fitted !== deadLetter) nats.refreshPayloadLimit(); // for the next one
    const body = JSON.stringify(fitted);
    const publication = { stream: STREAMS.deadLetters, subject, body, messageId };
    try {
      const published = await publishUntilStored(nats, publication, log, signal);
      return isNew(published) ? "stored" : "present";
    } catch (error) {
      // The limit was lowered meanwhile: known since the server closed the connection over it.
      if (!isTooLarge(error) || n > 0) throw error;
    }
  }
};
