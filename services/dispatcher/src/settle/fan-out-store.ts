import { randomUUID } from "node:crypto";
import { fanOutSubject, readFanOut, type FanOut } from "@ringback/contracts/deliveries/fan-out";
import { retryHeaders, type RetryMessage } from "@ringback/contracts/deliveries/retry-message";
import { type EventAddress, eventId } from "@ringback/contracts/events/event";
import type { StreamOrigin } from "@ringback/contracts/streams/stream-origin";
import { dueRetrySubject } from "@ringback/contracts/streams/retry-subjects";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import { publishUntilStored, readLast, type Published } from "@ringback/runtime/nats/publish";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import type { Nats } from "@ringback/runtime/nats/connection";

export type FanOutStoreOptions = {
  readonly nats: Nats;
  readonly eventsOrigin: StreamOrigin;
  readonly log: Logger;
  /** Ends the waiting for a server that does not reply. */
  readonly signal: AbortSignal;
};

/** What is stored of an event with several destinations: the set of them, and the start of each further delivery. */
export const fanOutStore = ({ nats, eventsOrigin, log, signal }: FanOutStoreOptions) => ({
  /** The destinations of an event, where they were stored. */
  readFanOut: async (address: EventAddress, eventSeq: number): Promise<FanOut | undefined> => {
    const last = await readLast(nats, STREAMS.attempts, fanOutSubject(address, eventSeq));
    return last === null ? undefined : readFanOut(last.data);
  },
  /** Stores the destinations of an event, once; `conflict` when they were stored before. */
  storeFanOut: async (address: EventAddress, fanOut: FanOut): Promise<Published["kind"]> => {
    const publication = {
      stream: STREAMS.attempts,
      subject: fanOutSubject(address, fanOut.event_seq),
      body: JSON.stringify(fanOut),
      messageId: randomUUID(),
      expectedLastSeq: 0,
    };
    return (await publishUntilStored(nats, publication, log, signal)).kind;
  },
  /**
   * Makes the first attempt of a delivery due now; a repeat within the duplicate window stores nothing. Every
   * dispatcher that knows endpoints reads a subject that names the delivery.
   */
  startDelivery: async (first: RetryMessage): Promise<void> => {
    const { address, deliveryId, eventSeq } = first;
    const publication = {
      stream: STREAMS.retries,
      subject: dueRetrySubject(address, deliveryId),
      body: "",
      messageId: `${eventId(eventsOrigin, eventSeq)}:${deliveryId}:first`,
      headers: retryHeaders(first),
    };
    await publishUntilStored(nats, publication, log, signal);
  },
});
