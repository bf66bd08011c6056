import { readRetry, type RetryMessage } from "@ringback/contracts/retry-message";
import {
  dueRetrySubject,
  scheduledRetrySubject,
  STREAMS,
  type AgentAddress,
} from "@ringback/contracts/subjects";
import { headerReader } from "@ringback/runtime/message-headers";
import type { Nats } from "@ringback/runtime/nats";
import { readLastOf, readPage } from "@ringback/runtime/read-batch";

/** A recorded delivery whose retry was due some time ago. */
export type Owed = {
  readonly retry: RetryMessage;
  /** Where its record is on ATTEMPTS. */
  readonly subject: string;
  readonly seq: number;
  readonly overdueMs: number;
};

/** Of an agent with more messages that are due than this, nothing is called missing. */
const MAX_DUE = 256;

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
  const schedules = await readLastOf(nats, STREAMS.retries, unique(waiting, ofSchedule));
  const scheduled = new Set(schedules.map(({ subject }) => subject));
  const unscheduled = waiting.filter((one) => !scheduled.has(ofSchedule(one)));
  const agents = new Map(
    unscheduled.map(({ retry: { address } }) => [dueRetrySubject(address), address]),
  );
  const due = new Map<string, (deliveryId: string) => boolean>();
  for (const [subject, agent] of agents) due.set(subject, await dueFor(agent, nats));
  const withoutSign = unscheduled.filter(
    ({ retry }) => due.get(dueRetrySubject(retry.address))?.(retry.deliveryId) === false,
  );
  return { open: waiting.length > 0, withoutSign };
};

const ofRecord = ({ subject }: Owed): string => subject;

const ofSchedule = ({ retry }: Owed): string =>
  scheduledRetrySubject(retry.address, retry.deliveryId);

const unique = (owed: readonly Owed[], subjectOf: (one: Owed) => string): string[] => [
  ...new Set(owed.map(subjectOf)),
];

/** Tells whether a fired message of this agent brings a delivery back; yes where it cannot tell. */
const dueFor = async (
  agent: AgentAddress,
  nats: Nats,
): Promise<(deliveryId: string) => boolean> => {
  const first = { filter: dueRetrySubject(agent), from: 1, size: MAX_DUE };
  const messages = await readPage(nats, STREAMS.retries, first);
  if (messages.length >= MAX_DUE) return () => true;
  const found = new Set<string>();
  for (const message of messages) {
    const read = readRetry(agent, headerReader(() => message.header) ?? (() => ""));
    if (read.kind === "retry") found.add(read.retry.deliveryId);
  }
  return (deliveryId) => found.has(deliveryId);
};
