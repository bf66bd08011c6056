import { retryHeaders, type RetryMessage } from "@ringback/contracts/deliveries/retry-message";
import { scheduledRetrySubject } from "@ringback/contracts/streams/retry-subjects";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import type { Publication } from "../nats/publish.ts";
import type { DueForm } from "./due-form.ts";

/**
 * One publish that removes the schedule with this sequence and makes its delivery due, as `retry` says. The server
 * refuses it when the schedule has fired or was replaced.
 */
export const forwardPublication = (
  retry: RetryMessage,
  seq: number,
  due: Pick<DueForm, "subjectOf">,
): Publication => {
  const { address, deliveryId, attempt } = retry;
  return {
    stream: STREAMS.retries,
    subject: due.subjectOf(address, deliveryId),
    body: "",
    // With the schedule's sequence: a delivery may be deferred, and be brought forward, more than once.
    messageId: `${deliveryId}:${attempt}:${seq}`,
    headers: retryHeaders({ ...retry, waitsFor: undefined }),
    cancelSchedule: { subject: scheduledRetrySubject(address, deliveryId), seq },
  };
};
