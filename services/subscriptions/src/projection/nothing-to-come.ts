import { deliveryId } from "@ringback/contracts/event";
import { readRetry } from "@ringback/contracts/retry-message";
import {
  dueRetrySubject,
  scheduledRetrySubject,
  STREAMS,
  type AgentAddress,
} from "@ringback/contracts/subjects";
import { headerReader } from "@ringback/runtime/message-headers";
import type { Nats } from "@ringback/runtime/nats";
import { readLastOf, readPage } from "@ringback/runtime/read-batch";
import type { Undecided } from "./undecided-events.ts";

/** Of an agent with more messages that are due than this, everything is taken to be coming. */
const MAX_DUE = 256;

/**
 * Which of these events RETRIES knows nothing of, as far as any replica tells. A delivery moves from its
 * schedule to a due message, and back when it is put off, so the schedules are looked at before and after.
 */
export const nothingToCome = async (
  events: readonly Undecided[],
  nats: Nats,
): Promise<readonly Undecided[]> => {
  const unscheduled = await withoutSchedule(events, nats);
  const agents = new Map(unscheduled.map((event) => [dueRetrySubject(event), event]));
  const due = new Map<string, (deliveryId: string) => boolean>();
  for (const [subject, agent] of agents) due.set(subject, await dueFor(agent, nats));
  const quiet = unscheduled.filter(
    (event) => due.get(dueRetrySubject(event))?.(deliveryId(event.seq)) === false,
  );
  return withoutSchedule(quiet, nats);
};

const subjectOf = (event: Undecided): string => scheduledRetrySubject(event, deliveryId(event.seq));

const withoutSchedule = async (
  events: readonly Undecided[],
  nats: Nats,
): Promise<readonly Undecided[]> => {
  const found = await readLastOf(nats, STREAMS.retries, events.map(subjectOf));
  const scheduled = new Set(found.map(({ subject }) => subject));
  return events.filter((event) => !scheduled.has(subjectOf(event)));
};

/** Tells whether a due message of this agent brings a delivery back; yes where it cannot tell. */
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
  return (id) => found.has(id);
};
