import { randomUUID } from "node:crypto";
import type { JetStreamClient } from "@nats-io/jetstream";
import { headers as newHeaders } from "@nats-io/nats-core";
import { deliveryId as deliveryIdOf } from "@ringback/contracts/events/event";
import { retryHeaders } from "@ringback/contracts/deliveries/retry-message";
import { dueRetrySubject, scheduledRetrySubject } from "@ringback/contracts/streams/retry-subjects";
import { addressOf } from "./payload.ts";

/**
 * Stores what a dispatcher stores when it puts a first attempt off: a schedule that brings the event
 * back at `dueMs`. From there on it takes the way of every retry.
 */
export const scheduledRetry = (
  js: JetStreamClient,
  { agent, n, eventSeq, dueMs }: Readonly<Record<"agent" | "n" | "eventSeq" | "dueMs", number>>,
): Promise<unknown> => {
  const address = addressOf(agent, n);
  const deliveryId = deliveryIdOf(eventSeq);
  const retry = { address, eventSeq, deliveryId, attempt: 1, dueMs, deferrals: 1 };
  const headers = newHeaders();
  for (const [name, value] of retryHeaders(retry)) headers.set(name, value);
  return js.publish(scheduledRetrySubject(address, deliveryId), "", {
    headers,
    msgID: randomUUID(),
    timeout: 30_000,
    schedule: { specification: new Date(dueMs), target: dueRetrySubject(address, deliveryId) },
  });
};
