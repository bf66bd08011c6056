import type { RetryMessage } from "@ringback/contracts/deliveries/retry-message";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import type { Nats } from "@ringback/runtime/nats/connection";
import { deliveryKey, pendingRetries } from "@ringback/runtime/streams/pending-retry";
import { readLastOf } from "@ringback/runtime/streams/read-batch";

/** A recorded delivery whose retry was due some time ago. */
export type Owed = {
  readonly retry: RetryMessage;
  /** Where its record is on ATTEMPTS. */
  readonly subject: string;
  readonly seq: number;
  readonly overdueMs: number;
};

/**
 * Which of these deliveries have no later record, no schedule and no fired message, as far as any
 * replica tells: a few requests for a whole page, and most pages end here. `open` when any of them has
 * no later record, so that it has to be looked at again.
 */
export const withoutSignOfReturn = async (
  owed: readonly Owed[],
  nats: Nats,
): Promise<{ readonly open: boolean; readonly withoutSign: readonly Owed[] }> => {
  const last = new Map<string, number>();
  for (const record of await readLastOf(nats, STREAMS.attempts, unique(owed, ofRecord))) {
    last.set(record.subject, record.seq);
  }
  const waiting = owed.filter(({ subject, seq }) => last.get(subject) === seq);
  const pending = await pendingRetries(
    nats,
    waiting.map(({ retry }) => retry),
  );
  const withoutSign = waiting.filter(({ retry }) => !pending.has(deliveryKey(retry)));
  return { open: waiting.length > 0, withoutSign };
};

const ofRecord = ({ subject }: Owed): string => subject;

const unique = (owed: readonly Owed[], subjectOf: (one: Owed) => string): string[] => [
  ...new Set(owed.map(subjectOf)),
];
