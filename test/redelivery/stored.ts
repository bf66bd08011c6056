import { randomUUIDv7 } from "node:crypto";
import { eventMessage } from "@ringback/contracts/events/event";
import {
  readRetry,
  retryHeaders,
  type RetryMessage,
} from "@ringback/contracts/deliveries/retry-message";
import { dueRetrySubject, scheduledRetrySubject } from "@ringback/contracts/streams/retry-subjects";
import { STREAMS, type EventAddress } from "@ringback/contracts/streams/subjects";
import { publishOnce } from "@ringback/runtime/nats/publish";
import { storedHeaders } from "@ringback/runtime/nats/message-headers";
import { sampleEvent } from "../../services/subscriptions/src/event-types/sample-event.ts";
import { ADDRESS } from "../harness/fixtures/records.ts";
import type { StoredEvent, Streams } from "../lists/streams.ts";

/** Stores an event that can be delivered: call c1 of agent a1 of w1 unless named. */
export async function storeEvent(
  { nats }: Streams,
  named: Partial<EventAddress> = {},
): Promise<StoredEvent> {
  const address = { ...ADDRESS, ...named };
  const message = eventMessage({ ...address, body: sampleEvent(address) });
  const stored = { ...message, messageId: randomUUIDv7(), stream: STREAMS.events };
  const published = await publishOnce(nats, stored);
  if (published.kind === "conflict") throw new Error("it was stored before");
  return { seq: published.seq, address };
}

/** Schedules a retry like a dispatcher; another one in its stead when it is deferred. */
export async function schedule({ nats }: Streams, retry: RetryMessage): Promise<void> {
  const { address, deliveryId, dueMs } = retry;
  await publishOnce(nats, {
    stream: STREAMS.retries,
    subject: scheduledRetrySubject(address, deliveryId),
    body: "",
    messageId: randomUUIDv7(),
    headers: retryHeaders(retry),
    schedule: { atMs: dueMs, target: dueRetrySubject(address, deliveryId) },
  });
}

type PendingDelivery = { readonly state: "scheduled" | "due"; readonly retry: RetryMessage };

/** All messages on RETRIES of an agent: what is scheduled, and what is due. */
export async function pendingOf({ nats }: Streams, agentId: string): Promise<PendingDelivery[]> {
  const { state } = await nats.jsm.streams.info(STREAMS.retries);
  const found: PendingDelivery[] = [];
  for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
    const message = await nats.jsm.streams.getMessage(STREAMS.retries, { seq });
    if (message === null) continue;
    const address = { workspaceId: ADDRESS.workspaceId, agentId };
    const read = readRetry(address, storedHeaders(message));
    if (read.kind !== "retry" || read.retry.address.agentId !== agentId) continue;
    const { deliveryId } = read.retry;
    const isDue = message.subject === dueRetrySubject(address, deliveryId);
    const isScheduled = message.subject === scheduledRetrySubject(address, deliveryId);
    if (isDue || isScheduled) found.push({ state: isDue ? "due" : "scheduled", retry: read.retry });
  }
  return found;
}
