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
import type { Logger } from "@ringback/runtime/telemetry/logger";
import type { DueForm } from "@ringback/runtime/streams/due-form";
import type { Nats } from "@ringback/runtime/nats/connection";
import { isTooLarge } from "@ringback/runtime/nats/errors";
import {
  pendingRetry,
  type PendingRetry,
  type PendingRetryOptions,
} from "@ringback/runtime/streams/pending-retry";
import {
  maxBodyBytes,
  publishOnce,
  publishUntilStored,
  readLast,
  readSequence,
  type Published,
} from "@ringback/runtime/nats/publish";
import type { ServerClock } from "@ringback/runtime/nats/server-clock";
import { fittedDeadLetter } from "./decide/fitted-dead-letter.ts";
import { addressOf } from "../delivery/delivery.ts";
import { hasMessage } from "./stored-before.ts";

/** An event as it is stored. */
export type StoredEvent = {
  readonly subject: string;
  readonly body: Uint8Array;
  readonly storedAtMs: number;
};

/** A delivery's last record, and its sequence on ATTEMPTS. */
export type LastRecord = { readonly record: AttemptRecord | undefined; readonly seq: number };

/** What deliveries are kept in: EVENTS, ATTEMPTS, RETRIES and DEAD_LETTERS, and nothing else. */
export type Journal = {
  readonly eventId: (eventSeq: number) => string;
  /** The event with this sequence, or undefined when EVENTS has it no more. */
  readonly readEvent: (eventSeq: number) => Promise<StoredEvent | undefined>;
  readonly readLastRecord: (address: EventAddress, deliveryId: string) => Promise<LastRecord>;
  /** Appends a record behind the one with sequence `after`; `conflict` when another came first. */
  readonly appendAttempt: (
    record: AttemptRecord,
    deliveryId: string,
    after: number,
  ) => Promise<Published["kind"]>;
  /** Stores when the delivery comes back: never early by this machine's clock or NATS's; replaces what was stored for it before. */
  readonly scheduleRetry: (retry: RetryMessage) => Promise<void>;
  /**
   * The same in the place of the schedule with this sequence, 0 for none; `conflict` when it has fired
   * or was replaced. Not tried again: throws where the server does not answer. `atMs`: when NATS is to fire
   * it, where that is known already.
   */
  readonly replaceSchedule: (
    retry: RetryMessage,
    seq: number,
    atMs?: number,
  ) => Promise<Published["kind"]>;
  /** The message that waits, or is in work, and brings the delivery back. */
  readonly pendingRetry: (
    delivery: Pick<RetryMessage, "address" | "deliveryId">,
    options?: PendingRetryOptions,
  ) => Promise<PendingRetry>;
  /** Stores a dead letter unless the same one is there. */
  readonly storeDeadLetter: (letter: DeadLetter, key: string) => Promise<void>;
};

export type JournalOptions = {
  readonly nats: Nats;
  readonly eventsCreatedMs: number;
  /** Where retries come in when they are due. */
  readonly due: Pick<DueForm, "subjectOf">;
  /** The clock by which the server fires schedules. */
  readonly clock: Pick<ServerClock, "aheadMs">;
  readonly log: Logger;
  /** Ends the waiting for a server that does not answer. */
  readonly signal: AbortSignal;
};

/** The journal on NATS. Writes are tried until they are stored or `signal` is aborted. */
export const natsJournal = ({
  nats,
  eventsCreatedMs,
  due,
  clock,
  log,
  signal,
}: JournalOptions): Journal => {
  const idOf = (eventSeq: number): string => eventId(eventsCreatedMs, eventSeq);
  // The server fires by its own clock: when both clocks say that it is time.
  const fireTime = ({ dueMs }: RetryMessage): number => dueMs + Math.max(0, clock.aheadMs());
  return {
    eventId: idOf,
    readEvent: async (eventSeq) => {
      const stored = await readSequence(nats, STREAMS.events, eventSeq);
      if (stored === null) return undefined;
      return { subject: stored.subject, body: stored.data, storedAtMs: stored.time.getTime() };
    },
    readLastRecord: async (address, deliveryId) => {
      const last = await readLast(nats, STREAMS.attempts, attemptSubject(address, deliveryId));
      if (last === null) return { record: undefined, seq: 0 };
      return { record: recordIn(last), seq: last.seq };
    },
    appendAttempt: async (record, deliveryId, after) => {
      const published = await publishUntilStored(
        nats,
        {
          stream: STREAMS.attempts,
          subject: attemptSubject(addressOf(record), deliveryId),
          body: JSON.stringify(record),
          messageId: randomUUID(),
          expectedLastSeq: after,
        },
        log,
        signal,
      );
      return published.kind;
    },
    scheduleRetry: async (retry) => {
      const publication = retryPublication(retry, fireTime(retry), due);
      await publishUntilStored(nats, publication, log, signal);
    },
    replaceSchedule: async (retry, seq, atMs = fireTime(retry)) => {
      const publication = { ...retryPublication(retry, atMs, due), expectedLastSeq: seq };
      return (await publishOnce(nats, publication)).kind;
    },
    pendingRetry: (delivery, wanted) => pendingRetry(nats, delivery, wanted),
    storeDeadLetter: (letter, key) => storeDeadLetter(nats, letter, key, log, signal),
  };
};

/** Says where it is, never what is in it: an answer's excerpt is a customer's. */
const recordIn = ({ subject, seq, data }: StoredMsg): AttemptRecord => {
  const place = `message ${seq} on ATTEMPTS, ${subject}`;
  const { value, wrong } = decodeAttempt(data);
  if (value !== undefined) return value;
  if (wrong.length === 0) {
    throw new Error(`${place}, is ${data.byteLength} bytes that are not JSON: expected a record`);
  }
  const paths = wrong.map((path) => path || "all of it").join(", ");
  throw new Error(`${place}, is no record of an attempt: wrong are ${paths}`);
};

/**
 * The id is new every time: a schedule may have to be stored again, after one of the past took its
 * place, and the server would swallow an id that it remembers.
 */
const retryPublication = (retry: RetryMessage, atMs: number, due: JournalOptions["due"]) => ({
  stream: STREAMS.retries,
  subject: scheduledRetrySubject(retry.address, retry.deliveryId),
  body: "",
  messageId: randomUUID(),
  headers: retryHeaders(retry),
  schedule: { atMs, target: due.subjectOf(retry.address, retry.deliveryId) },
});

const storeDeadLetter = async (
  nats: Nats,
  letter: DeadLetter,
  key: string,
  log: Logger,
  signal: AbortSignal,
): Promise<void> => {
  const subject =
    letter.reason === "invalid_event"
      ? invalidEventDeadLetterSubject(letter.subject)
      : deadLetterSubject({
          workspaceId: letter.workspace_id,
          callId: letter.call_id,
          agentId: letter.agent_id,
          eventType: letter.event_type,
        });
  const messageId = `${letter.event_id ?? "unknown"}:${letter.reason}:${key}`;
  // The duplicate window covers the moment; a process may be away for longer than that.
  if (await hasMessage(nats, STREAMS.deadLetters, subject, messageId)) return;
  for (let n = 0; ; n += 1) {
    const fitted = fittedDeadLetter(letter, maxBodyBytes(nats) ?? Infinity);
    if (fitted !== letter) nats.askLimitAgain(); // for the next one
    const body = JSON.stringify(fitted);
    const publication = { stream: STREAMS.deadLetters, subject, body, messageId };
    try {
      await publishUntilStored(nats, publication, log, signal);
      return;
    } catch (error) {
      // The limit was lowered meanwhile: known since the server has closed the connection over it.
      if (!isTooLarge(error) || n > 0) throw error;
    }
  }
};
