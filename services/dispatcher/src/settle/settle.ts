import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import { type DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import type { RetryMessage } from "@ringback/contracts/deliveries/retry-message";
import { backoffMs } from "@ringback/runtime/process/backoff";
import { ACK_WAIT_MS } from "@ringback/runtime/streams/consumers";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import type { TraceContext } from "@ringback/contracts/trace-context";
import { deadLetterKey, exhausted } from "./dead-letter.ts";
import { firstTrace, traceDeadLetter } from "../tracing/delivery-span.ts";
import { addressOf, comeBack, type Delivery } from "../delivery/delivery.ts";
import type { InHand } from "./in-flight.ts";
import type { Telling } from "./notifier.ts";
import type { Journal } from "./delivery-store.ts";
import { attemptLabel, countAttempt, type DispatcherMetrics } from "../metrics.ts";

/** The steps by which a turn is made final, in this order. */
export type SettleSteps = {
  readonly appendAttempt: Journal["appendAttempt"];
  /** Stores what the record says comes next: a retry's schedule (linked to `trace`), a dead letter, or nothing. */
  readonly storeNextStep: (
    record: AttemptRecord,
    deliveryId: string,
    trace?: TraceContext,
  ) => Promise<void>;
  readonly tellInvalid: TellInvalid;
  readonly acknowledge: (hand: InHand) => void;
};

/**
 * Tells whoever wants to know that this record's delivery was given up; harmless twice. Never throws, and
 * never keeps a dead letter's message from being acknowledged for long.
 */
export type TellExhausted = (record: AttemptRecord, deliveryId: string) => Promise<void>;

/** The same of a message that could not be understood: its dead letter. */
export type TellInvalid = (letter: DeadLetter) => Promise<void>;

export const settleSteps = (
  journal: Journal,
  { tellExhausted, tellInvalid }: Pick<Telling, "tellExhausted" | "tellInvalid">,
): SettleSteps => ({
  tellInvalid,
  appendAttempt: journal.appendAttempt,
  storeNextStep: async (record, deliveryId, trace) => {
    const { next, attempt } = record;
    if (next.kind === "retry") {
      await journal.scheduleRetry({ ...retryAfter(record, deliveryId, next.at), trace });
    }
    if (next.kind === "dead_letter") {
      const key = deadLetterKey({ deliveryId, eventSeq: record.event_seq }, attempt);
      await journal.storeDeadLetter(exhausted(record), key);
      await tellExhausted(record, deliveryId);
    }
  },
  acknowledge: (hand) => {
    hand.settled = true;
    hand.message.ack();
  },
});

export type SettleDeps = {
  readonly steps: SettleSteps;
  readonly journal: Journal;
  readonly metrics: DispatcherMetrics;
  readonly log: Logger;
};

/**
 * An attempt was made: its record is stored, then its next step, then the message is acknowledged.
 * Where another process was first, the message is left alone: it comes again, and by then the record
 * of the other is there to go by.
 */
export const settleAttempt = async (
  hand: InHand,
  delivery: Delivery,
  record: AttemptRecord,
  after: number,
  { steps, metrics, log }: SettleDeps,
): Promise<void> => {
  const appended = await steps.appendAttempt(record, delivery.deliveryId, after);
  if (appended === "conflict") {
    log.warn(loggable(record), "delivery.superseded");
    hand.trace?.span.event("ringback.superseded");
    return;
  }
  log.info(loggable(record), "delivery.attempted");
  countAttempt(metrics, record, delivery.storedAtMs);
  await steps.storeNextStep(record, delivery.deliveryId, firstTrace(hand, delivery));
  countNextStep(record, metrics);
  steps.acknowledge(hand);
};

/** The delivery's last attempt is recorded: its next step is stored if it is not there. */
export const settleRecorded = async (
  hand: InHand,
  id: string,
  record: AttemptRecord,
  { steps, journal, metrics, log }: SettleDeps,
): Promise<void> => {
  const isThere = record.next.kind === "done" || (await isGoingOn(record, id, journal));
  if (!isThere) {
    log.info(loggable(record), "delivery.resumed");
    await steps.storeNextStep(record, id, hand.trace?.origin);
    countNextStep(record, metrics);
  }
  steps.acknowledge(hand);
};

const isGoingOn = async (record: AttemptRecord, id: string, journal: Journal): Promise<boolean> => {
  if (record.next.kind !== "retry") return false; // a dead letter is looked for when it is stored
  const address = addressOf(record);
  const delivery = { address, deliveryId: id };
  const pending = await journal.pendingRetry(delivery, { minAttempt: record.attempt + 1 });
  if (pending.kind === "pending") return true;
  // Between the two looks it may have fired and been done.
  const last = await journal.readLastRecord(address, id);
  return last.record !== undefined && last.record.attempt > record.attempt;
};

/** What of a delivery is needed to bring it back for the same attempt. */
export type PutOff = Omit<RetryMessage, "dueMs">;

/** The delivery comes back later with the same attempt; the message is acknowledged. */
export const settlePutOff = async (
  hand: InHand,
  delivery: PutOff,
  atMs: number,
  { steps, journal }: SettleDeps,
): Promise<void> => {
  const { attempt, deferrals, heldSinceMs, trigger } = delivery;
  // Kept until the attempt is recorded: one that fails behind its request must come to an end, too.
  const held = heldSinceMs === undefined ? {} : { heldSinceMs };
  const trace = firstTrace(hand, delivery);
  // What its number does not tell.
  const asked = trigger === "redelivery" || trigger === "test" ? { trigger } : {};
  const message = comeBack(delivery, attempt, atMs, deferrals + 1);
  await journal.scheduleRetry({ ...message, ...held, ...asked, trace });
  steps.acknowledge(hand);
};

/** Nothing is owed, or all is done: the message is acknowledged. */
export const settleDone = (hand: InHand, { steps }: SettleDeps): void => steps.acknowledge(hand);

/** The message cannot be delivered at all: it is kept as a dead letter, then acknowledged. */
export const settleDeadLetter = async (
  hand: InHand,
  letter: DeadLetter,
  { steps, journal, metrics, log }: SettleDeps,
  key = "0",
): Promise<void> => {
  await journal.storeDeadLetter(letter, key);
  await steps.tellInvalid(letter);
  const { reason, event_id, event_seq, message } = letter;
  traceDeadLetter(hand.trace, reason, event_id);
  log.warn({ reason, event_id, event_seq, detail: message }, "delivery.dead_lettered");
  metrics.deadLetters.inc({ reason });
  steps.acknowledge(hand);
};

/** Not begun, as this process is stopping: another one takes it at once. */
export const giveBack = (hand: InHand): void => {
  hand.settled = true;
  hand.message.nak();
};

/** No sooner than what was on its way to the server is stored or given up (`publishOnce`). */
const AGAIN_AFTER_MS = 2_000;

/**
 * Cannot be worked on now, for a reason that passes: the broker brings it again, later each time, and no
 * later than it would without a word (`ack_wait`).
 */
export const giveBackAgain = ({ message }: Pick<InHand, "message">): void =>
  message.nak(backoffMs(message.info.deliveryCount - 1, AGAIN_AFTER_MS, ACK_WAIT_MS));

/** Nobody knows whose it is, so nothing can be scheduled: the broker brings it again. */
export const giveBackLater = (hand: InHand, delayMs: number): void => {
  hand.settled = true;
  hand.message.nak(delayMs);
};

/** The message that brings a recorded delivery back for its next attempt. */
export const retryAfter = (record: AttemptRecord, deliveryId: string, at: string): RetryMessage => {
  const {
    event_seq: eventSeq,
    redelivery_id: redeliveryId,
    extra_attempts: extraAttempts,
  } = record;
  const address = addressOf(record);
  const delivery = { address, eventSeq, deliveryId, redeliveryId, extraAttempts };
  return comeBack(delivery, record.attempt + 1, Date.parse(at));
};

const countNextStep = ({ next, attempt }: AttemptRecord, metrics: DispatcherMetrics): void => {
  if (next.kind === "retry") metrics.retriesScheduled.inc({ attempt: attemptLabel(attempt + 1) });
  if (next.kind === "dead_letter") metrics.deadLetters.inc({ reason: "exhausted" });
};

/** What of a record goes into the log: ids, outcome, duration, what is next; nothing of a customer's. */
const loggable = (record: AttemptRecord) => ({
  event_id: record.event_id,
  event_seq: record.event_seq,
  event_type: record.event_type,
  call_id: record.call_id,
  agent_id: record.agent_id,
  workspace_id: record.workspace_id,
  delivery_id: record.delivery_id,
  redelivery_id: record.redelivery_id,
  attempt: record.attempt,
  trigger: record.trigger,
  outcome: record.outcome,
  duration_ms: record.duration_ms,
  next: record.next,
});
