import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import type { DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import { headersProblem } from "@ringback/contracts/events/event-headers";
import {
  readableParts,
  readRetry,
  type ReadRetry,
  type RetryMessage,
} from "@ringback/contracts/deliveries/retry-message";
import { redeliveryIds } from "@ringback/contracts/deliveries/redelivery-id";
import { parseDueRetrySubject } from "@ringback/contracts/streams/retry-subjects";
import { eventSubject } from "@ringback/contracts/streams/subjects";
import { pause } from "@ringback/runtime/process/backoff";
import { elapsedMs } from "@ringback/runtime/process/elapsed";
import { headerReader, rawHeaders } from "@ringback/runtime/nats/message-headers";
import { readAgain, turn, type HandleDeps } from "./handle-event.ts";
import { deadLetterKey } from "../settle/dead-letter.ts";
import { heldBody } from "../delivery/held-body.ts";
import type { InHand } from "../settle/in-flight.ts";
import { countGivenUp } from "../metrics.ts";
import { standingByRecord, standingOf } from "./attempt-state.ts";
import { settleDeadLetter, settleDone, settlePutOff, settleRecorded } from "../settle/settle.ts";

/** The retry in a message of RETRIES, or what is wrong with the message. */
export const retryIn = ({ message }: Pick<InHand, "message">): ReadRetry => {
  const named = parseDueRetrySubject(message.subject);
  if (named === undefined) {
    const wanted = "retries.due.<workspace_id>.<agent_id>.<delivery_id>";
    return { kind: "invalid", message: `subject '${message.subject}' is not ${wanted}` };
  }
  const get = headersOf(message);
  if (get === undefined) {
    return { kind: "invalid", message: "headers of a retry: they are no headers, or too many" };
  }
  const read = readRetry(named.agent, get);
  if (
    read.kind === "invalid" ||
    (named.deliveryId ?? read.retry.deliveryId) === read.retry.deliveryId
  ) {
    return read;
  }
  const { deliveryId } = read.retry;
  const problem = `headers of a retry: they name delivery '${deliveryId}', subject '${message.subject}' another`;
  return { kind: "invalid", message: problem };
};

/** Only dispatchers may publish here, and yet: what is too much, or broken, is not decoded. */
const headersOf = (message: InHand["message"]) =>
  headersProblem(rawHeaders(message)) === undefined
    ? headerReader(() => message.headers)
    : undefined;

/** A delivery that would end unseen: what can be read of it is kept for people. */
export const handleUnreadableRetry = async (
  hand: InHand,
  problem: string,
  deps: HandleDeps,
): Promise<void> => {
  const { message } = hand;
  const agent = parseDueRetrySubject(message.subject)?.agent;
  const parts = readableParts(headersOf(message) ?? (() => ""));
  const { eventSeq, callId, eventType, redeliveryId } = parts;
  const letter: DeadLetter = {
    reason: "internal",
    ...(eventSeq === undefined
      ? {}
      : { event_id: deps.journal.eventId(eventSeq), event_seq: eventSeq }),
    ...(eventType === undefined ? {} : { event_type: eventType }),
    ...(callId === undefined ? {} : { call_id: callId }),
    ...(agent === undefined ? {} : { agent_id: agent.agentId, workspace_id: agent.workspaceId }),
    ...(redeliveryId === undefined ? {} : { redelivery_id: redeliveryId }),
    at: new Date(deps.now()).toISOString(),
    message: `a delivery came back in a message that cannot be read: ${problem}`,
    subject: message.subject,
  };
  deps.log.error({ subject: message.subject, seq: message.seq, problem }, "retry.unreadable");
  deps.metrics.ownFaults.inc({ fault: "unexpected" });
  await settleDeadLetter(hand, letter, deps, `${message.seq}:${message.info.timestampNanos}`);
  if (agent !== undefined && eventType !== undefined) {
    countGivenUp(deps.metrics, { ...agent, eventType });
  }
};

/**
 * A delivery that came back: with its event as stored, its last attempt as recorded, and the
 * subscription as it is now.
 */
export const handleRetry = async (
  hand: InHand,
  retry: RetryMessage,
  mayBeHandled: boolean,
  deps: HandleDeps,
): Promise<void> => {
  const { address, deliveryId, eventSeq, attempt } = retry;
  hand.lookedMs = elapsedMs();
  const [event, standing] = await Promise.all([
    deps.journal.readEvent(eventSeq),
    // Of two messages for one attempt the later one stays.
    mayBeHandled ? standingOf(retry, deps, hand.message.seq) : standingByRecord(retry, deps),
  ]);
  if (standing.kind === "recorded") return settleRecorded(hand, deliveryId, standing.last, deps);
  if (standing.kind === "pending") return settleDone(hand, deps);
  // Another subject at this sequence: EVENTS was made anew, this event is gone.
  if (event === undefined || event.subject !== eventSubject(address)) {
    return expire(hand, retry, standing.last, deps);
  }
  hand.weigh(event.body.byteLength);
  const delivery = {
    address,
    eventSeq,
    eventId: deps.journal.eventId(eventSeq),
    deliveryId,
    redeliveryId: retry.redeliveryId,
    storedAtMs: deps.ownTimeOf(event.storedAtMs),
    body: heldBody(event.body, readAgain(eventSeq, deps.journal), () => hand.weigh(0)),
    attempt,
    extraAttempts: retry.extraAttempts,
    trigger: retry.trigger ?? (attempt === 1 ? ("event" as const) : ("retry" as const)),
    dueMs: retry.dueMs,
    deferrals: retry.deferrals,
    heldSinceMs: retry.heldSinceMs,
    trace: retry.trace,
  };
  if (delivery.trigger === "retry" && !(await isDue(retry.dueMs, deps))) {
    // The same once more: it counts as a deferral neither for the limiter nor for faults of our own.
    return settlePutOff(hand, { ...delivery, deferrals: retry.deferrals - 1 }, retry.dueMs, deps);
  }
  return turn(hand, delivery, standing.after, deps);
};

/** Clocks that are no further apart than this are waited for here. */
const MAX_EARLY_MS = 1_000;

/**
 * Whether a retry is due by this machine's clock, too: NATS has fired it by its own, and whoever scheduled
 * it had another one, or did not know yet how far the two are apart.
 */
const isDue = async (dueMs: number, { now }: Pick<HandleDeps, "now">): Promise<boolean> => {
  const earlyMs = dueMs - now();
  if (earlyMs > 0 && earlyMs <= MAX_EARLY_MS) await pause(Math.ceil(earlyMs) + 1); // timers may be 1 ms early
  return now() >= dueMs;
};

const expire = async (
  hand: InHand,
  retry: RetryMessage,
  last: AttemptRecord | undefined,
  deps: HandleDeps,
): Promise<void> => {
  if (retry.trigger === "test") return settleDone(hand, deps); // nobody is owed it
  const { workspaceId, callId, agentId, eventType } = retry.address;
  const letter: DeadLetter = {
    reason: "event_expired",
    event_id: last?.event_id ?? deps.journal.eventId(retry.eventSeq),
    event_seq: retry.eventSeq,
    event_type: eventType,
    call_id: callId,
    agent_id: agentId,
    workspace_id: workspaceId,
    ...redeliveryIds(retry),
    at: new Date(deps.now()).toISOString(),
    message: `EVENTS has the event no more: attempt ${retry.attempt} came after its maximum age`,
    ...(last === undefined ? {} : { last_attempt: last }),
  };
  await settleDeadLetter(hand, letter, deps, deadLetterKey(retry, 0));
  countGivenUp(deps.metrics, retry.address);
};
