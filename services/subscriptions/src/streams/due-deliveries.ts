import {
  agentsDueRetrySubject,
  dueRetriesOfAgent,
  parseDueRetrySubject,
} from "@ringback/contracts/streams/retry-subjects";
import { STREAMS, type AgentAddress } from "@ringback/contracts/streams/subjects";
import { readRetry } from "@ringback/contracts/deliveries/retry-message";
import type { Nats } from "@ringback/runtime/nats/connection";
import { readPage } from "@ringback/runtime/streams/read-batch";
import { subjectsUnder } from "./read-stream.ts";

/** So many due messages in the form of versions before are looked at (docs/adr/0021). */
const MAX_IN_OLD_FORM = 1_000;

/**
 * Tells whether any delivery of an event, its first one or a redelivery, is due for this agent or in work;
 * yes where it cannot tell.
 */
export const dueOfAgent = async (
  nats: Nats,
  agent: AgentAddress,
): Promise<(eventSeq: number) => boolean> => {
  const events = new Set<number>();
  for (const subject of await subjectsUnder(nats, STREAMS.retries, dueRetriesOfAgent(agent))) {
    const id = parseDueRetrySubject(subject)?.deliveryId;
    if (id !== undefined) events.add(eventSeqOf(id));
  }
  const page = { filter: agentsDueRetrySubject(agent), from: 1, size: MAX_IN_OLD_FORM };
  const old = await readPage(nats, STREAMS.retries, page);
  if (old.length >= MAX_IN_OLD_FORM) return () => true;
  for (const message of old) {
    const read = readRetry(agent, message.header.get);
    if (read.kind === "retry") events.add(read.retry.eventSeq);
  }
  return (eventSeq) => events.has(eventSeq);
};

/** A delivery's id begins with its event's sequence. */
export const eventSeqOf = (deliveryId: string): number => Number(deliveryId.split("-")[0]);
