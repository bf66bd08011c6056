import type { StoredMsg } from "@nats-io/jetstream";
import { readRetry, type RetryMessage } from "@ringback/contracts/retry-message";
import { dueRetrySubject, scheduledRetrySubject, STREAMS } from "@ringback/contracts/subjects";
import { headerReader } from "@ringback/runtime/message-headers";
import type { Nats } from "@ringback/runtime/nats";
import { readLast } from "@ringback/runtime/publish";

/** `unknown`: more messages are due for the agent than are searched for one delivery. */
export type Return = "coming_back" | "not_coming_back" | "unknown";

/** More messages due at once for one agent than this are not searched for one delivery. */
const MAX_DUE_SEARCHED = 1_000;

/**
 * Whether RETRIES has a message that brings the delivery back for this attempt or a later one. Of
 * those that are due already only the ones behind `afterSeq` count.
 */
export const returnOf = async (
  nats: Nats,
  { address, deliveryId }: Pick<RetryMessage, "address" | "deliveryId">,
  attempt: number,
  afterSeq = 0,
): Promise<Return> => {
  const bringsItBack = (stored: StoredMsg): boolean => {
    const header = headerReader(() => stored.header);
    if (header === undefined) return false;
    const read = readRetry(address, header);
    if (read.kind !== "retry" || read.retry.deliveryId !== deliveryId) return false;
    return read.retry.attempt >= attempt;
  };
  const subject = scheduledRetrySubject(address, deliveryId);
  const scheduled = await readLast(nats, STREAMS.retries, subject);
  if (scheduled !== null && bringsItBack(scheduled)) return "coming_back";
  // Fired messages stay in the work queue until they are acknowledged, so one in work is found too.
  let seq = afterSeq + 1;
  for (let n = 0; n < MAX_DUE_SEARCHED; n += 1) {
    // The leader answers `next_by_subj` too; the client's type knows it for direct gets only, and those
    // may be answered by a follower that is a moment behind.
    const query = { seq, next_by_subj: dueRetrySubject(address) };
    const due = await nats.jsm.streams.getMessage(STREAMS.retries, query);
    if (due === null) return "not_coming_back";
    if (bringsItBack(due)) return "coming_back";
    seq = due.seq + 1;
  }
  return "unknown";
};
