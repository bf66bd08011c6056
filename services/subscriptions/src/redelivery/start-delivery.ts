import { redeliveryMessageId } from "@ringback/contracts/deliveries/delivery-id";
import { retryHeaders, type RetryMessage } from "@ringback/contracts/deliveries/retry-message";
import { attemptSubject, STREAMS } from "@ringback/contracts/streams/subjects";
import type { Nats } from "@ringback/runtime/nats/connection";
import { forwardPublication } from "@ringback/runtime/streams/bring-forward";
import { pendingRetry } from "@ringback/runtime/streams/pending-retry";
import { isExtraAttempt } from "./decide/redeliver.ts";
import { ask } from "../streams/ask.ts";
import { scheduledRetry } from "../streams/pending-deliveries.ts";
import { lastMessage, publish } from "../streams/read-stream.ts";
import type { DeliverableEvent } from "./deliverable-event.ts";
import type { RedeliveryDeps } from "./deps.ts";

type StartDeps = Pick<RedeliveryDeps, "nats"> & {
  readonly due: Pick<RedeliveryDeps["due"], "subjectOf">;
};

/** The first attempt of the redelivery with this id, due now. `redeliveryId`: the job that it is of. */
export const firstOfRedelivery = (
  { seq, address }: DeliverableEvent,
  deliveryId: string,
  dueMs: number,
  redeliveryId?: string,
): RetryMessage => ({
  address,
  eventSeq: seq,
  deliveryId,
  attempt: 1,
  dueMs,
  deferrals: 0,
  trigger: "redelivery",
  ...(redeliveryId === undefined ? {} : { redeliveryId }),
});

/** Starts a redelivery. A repeat is the same message, which the server or the fence drops. */
export const startRedelivery = async (
  { nats, due }: StartDeps,
  retry: RetryMessage,
): Promise<void> => {
  await publish(nats, {
    stream: STREAMS.retries,
    subject: due.subjectOf(retry.address, retry.deliveryId),
    body: "",
    messageId: redeliveryMessageId(retry.deliveryId, retry.attempt),
    headers: retryHeaders(retry),
  });
};

/**
 * Whether a redelivery that may have been started some time ago waits, is due or has been attempted; false
 * where nobody can tell, because the fence drops a second start.
 */
export const wasStarted = async (
  nats: Nats,
  { address, deliveryId }: Pick<RetryMessage, "address" | "deliveryId">,
): Promise<boolean> => {
  const read = () => pendingRetry(nats, { address, deliveryId });
  const pending = await ask(nats, `reading ${deliveryId}`, read);
  if (pending.kind === "pending") return true;
  return (await lastMessage(nats, STREAMS.attempts, attemptSubject(address, deliveryId))) !== null;
};

const MAX_TRIES = 3;

type Forward = Pick<RetryMessage, "address" | "deliveryId" | "attempt"> & {
  readonly countsAgainstSchedule: boolean;
};

/**
 * Lets a delivery that waits for this attempt go on now: one publish removes its schedule and makes it due.
 * False when it waits no more: nothing was changed, its schedule has fired.
 */
export const bringForward = async (
  { nats, due }: StartDeps,
  { address, deliveryId, attempt, countsAgainstSchedule }: Forward,
  dueMs: number,
): Promise<boolean> => {
  for (let n = 0; n < MAX_TRIES; n += 1) {
    const scheduled = await scheduledRetry(nats, { address, deliveryId });
    if (scheduled?.retry.attempt !== attempt) return false;
    const { retry, seq } = scheduled;
    const extraAttempts = (retry.extraAttempts ?? 0) + 1;
    const extra = isExtraAttempt(retry, countsAgainstSchedule) ? { extraAttempts } : {};
    const forward = { ...retry, ...extra, dueMs, trigger: "redelivery" as const };
    const published = await publish(nats, forwardPublication(forward, seq, due));
    if (published.kind === "stored") return true;
  }
  return false;
};
