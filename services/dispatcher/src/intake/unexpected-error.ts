import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import type { DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import { redeliveryIds } from "@ringback/contracts/deliveries/redelivery-id";
import { isUnavailable } from "@ringback/runtime/nats/errors";
import { afterUnexpectedError, heldBackForMs, holdBackMs } from "../delivery/decide/retry.ts";
import { eventIn, firstOf, type HandleDeps } from "./handle-event.ts";
import { deadLetterKey } from "../settle/dead-letter.ts";
import type { InHand } from "../settle/in-flight.ts";
import { countGivenUp } from "../metrics.ts";
import {
  giveBackLater,
  settleDeadLetter,
  settleDone,
  settlePutOff,
  type PutOff,
} from "../settle/settle.ts";

/** The first attempt of the event in a message of EVENTS; undefined when it is not an event. */
export const firstAttempt = (
  hand: InHand,
  { eventRules }: Pick<HandleDeps, "eventRules">,
): PutOff | undefined => {
  if (hand.delivery !== undefined) return hand.delivery;
  const read = eventIn(hand, eventRules);
  if (read.kind !== "event") return undefined;
  return firstOf(hand, read.address);
};

/**
 * The handler of a message threw what nobody expected: a fault of our own, which uses up none of the
 * customer's attempts. The delivery is held back by a schedule, later each time, and given up when
 * that has gone on for long enough. Never throws.
 */
export const handleUnexpectedError = async (
  hand: InHand,
  error: unknown,
  deliveryIn: () => PutOff | undefined,
  deps: HandleDeps,
): Promise<void> => {
  deps.metrics.ownFaults.inc({ fault: "unexpected" });
  hand.trace?.span.fail("internal");
  try {
    const delivery = orUndefined(deliveryIn);
    await holdBack(hand, error, delivery, deps);
  } catch (second) {
    // Without an acknowledgement the broker brings it again.
    const { subject, seq } = hand.message;
    deps.log.error({ err: second, subject, seq }, "delivery.hold_back_failed");
    if (!isUnavailable(second)) giveBackIfPossible(hand, deps);
  }
};

/** What made the handler throw may do so again here. */
const orUndefined = (deliveryIn: () => PutOff | undefined): PutOff | undefined => {
  try {
    return deliveryIn();
  } catch {
    return undefined;
  }
};

const holdBack = async (
  hand: InHand,
  error: unknown,
  delivery: PutOff | undefined,
  deps: HandleDeps,
): Promise<void> => {
  const nowMs = deps.now();
  const repeats = hand.message.info.deliveryCount - 1;
  const sinceMs =
    delivery === undefined ? nowMs - heldBackForMs(repeats, deps.holdBack) : delivery.heldSinceMs;
  const timesHeldBack = (delivery?.deferrals ?? 0) + repeats;
  const after = afterUnexpectedError({ nowMs, sinceMs, timesHeldBack }, deps.holdBack);
  const known = { ...idsKnown(hand, delivery, deps), since: iso(after.sinceMs) };
  if (after.kind === "give_up") {
    deps.log.error({ ...known, err: error, next: "dead_letter" }, "delivery.unexpected_error");
    return giveUp(hand, delivery, after.sinceMs, deps);
  }
  const at = iso(after.atMs);
  deps.log.error({ ...known, err: error, next: "held_back", at }, "delivery.unexpected_error");
  if (delivery === undefined) return giveBackLater(hand, after.atMs - nowMs);
  return settlePutOff(hand, { ...delivery, heldSinceMs: after.sinceMs }, after.atMs, deps);
};

/** The letter says nothing of the error itself: it is for customers, too. */
const giveUp = async (
  hand: InHand,
  delivery: PutOff | undefined,
  sinceMs: number,
  deps: HandleDeps,
): Promise<void> => {
  if (delivery?.trigger === "test") return settleDone(hand, deps); // nobody is owed it
  const { message } = hand;
  const last = delivery === undefined ? undefined : await lastRecord(delivery, deps);
  const letter: DeadLetter = {
    reason: "internal",
    ...idsKnown(hand, delivery, deps),
    at: iso(deps.now()),
    message: `given up after unexpected errors of the platform's own since ${iso(sinceMs)}: the log says which`,
    ...(delivery === undefined ? { subject: message.subject } : {}),
    ...(last === undefined ? {} : { last_attempt: last }),
  };
  const key =
    delivery === undefined ? String(message.seq) : deadLetterKey(delivery, delivery.attempt);
  await settleDeadLetter(hand, letter, deps, key);
  if (delivery !== undefined) countGivenUp(deps.metrics, delivery.address);
};

/** The record may be what cannot be read. */
const lastRecord = async (
  { address, deliveryId: id }: PutOff,
  { journal }: HandleDeps,
): Promise<AttemptRecord | undefined> => {
  try {
    return (await journal.readLastRecord(address, id)).record;
  } catch (error) {
    if (isUnavailable(error)) throw error;
    return undefined;
  }
};

const idsKnown = (hand: InHand, delivery: PutOff | undefined, { journal }: HandleDeps) => {
  if (delivery === undefined) {
    const { seq, subject } = hand.message;
    const isEvent = subject.startsWith("events.");
    return isEvent ? { event_id: journal.eventId(seq), event_seq: seq } : {};
  }
  const { address, eventSeq, attempt } = delivery;
  return {
    event_id: journal.eventId(eventSeq),
    event_seq: eventSeq,
    event_type: address.eventType,
    call_id: address.callId,
    agent_id: address.agentId,
    workspace_id: address.workspaceId,
    ...redeliveryIds(delivery),
    attempt,
  };
};

const giveBackIfPossible = (hand: InHand, { holdBack: policy, log }: HandleDeps): void => {
  try {
    giveBackLater(hand, holdBackMs(hand.message.info.deliveryCount - 1, policy));
  } catch (error) {
    log.warn({ err: error, seq: hand.message.seq }, "delivery.interrupted");
  }
};

const iso = (ms: number): string => new Date(ms).toISOString();
