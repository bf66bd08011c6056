import {
  ALL_PRESENCE,
  READS_DELIVERIES,
  READS_HEADER,
} from "@ringback/contracts/streams/presence-subject";
import { agentsDueRetrySubject, dueRetrySubject } from "@ringback/contracts/streams/retry-subjects";
import { type AgentAddress } from "@ringback/contracts/streams/subjects";
import type { Logger } from "../telemetry/logger.ts";
import { headerIn, rawHeadersOf } from "../nats/message-headers.ts";
import type { Nats } from "../nats/connection.ts";

/** Where due retries are published so that every dispatcher that runs now can read them. */
export type DueForm = {
  /** The subject on which a delivery's retry has to come in. */
  readonly subjectOf: (agent: AgentAddress, deliveryId: string) => string;
  readonly close: () => void;
};

/** A dispatcher says every 2 s that it is there: one that was not heard for three times that has gone. */
const PRESENCE_EXPIRES_MS = 7_000;

/** After each new connection: by then every dispatcher has said something. */
const HEARD_ALL_AFTER_MS = 2_500;

/**
 * Listens to what dispatchers say of themselves. While one of a version before runs, which could not read a
 * subject that names the delivery and would give the delivery up, or as long as that is not known, retries
 * are written in its form; it is read by every version (docs/adr/0021). To be dropped with that form.
 */
export const dueForm = (nats: Nats, log: Logger, heardAllAfterMs = HEARD_ALL_AFTER_MS): DueForm => {
  let heardOldMs = -Infinity;
  let listeningSinceMs = performance.now();
  let hasFailed = false;
  const subscription = nats.connection.subscribe(ALL_PRESENCE, {
    callback: (error, message) => {
      if (error !== null) {
        hasFailed = true;
        return log.warn({ err: error }, "presence.deaf");
      }
      // Read raw: what the client's decoder throws here ends the reading of the whole connection.
      const reads = headerIn(rawHeadersOf(message), READS_HEADER);
      if (reads !== READS_DELIVERIES) heardOldMs = performance.now();
    },
  });
  void listenAnew(nats, () => {
    listeningSinceMs = performance.now();
  });
  const readsDeliveries = (): boolean => {
    const nowMs = performance.now();
    if (hasFailed || nowMs - listeningSinceMs < heardAllAfterMs) return false;
    return nowMs - heardOldMs > PRESENCE_EXPIRES_MS;
  };
  return {
    subjectOf: (agent, deliveryId) =>
      readsDeliveries() ? dueRetrySubject(agent, deliveryId) : agentsDueRetrySubject(agent),
    close: () => subscription.unsubscribe(),
  };
};

/** What was said while the connection was away was not heard. Ends when the connection does. */
const listenAnew = async ({ connection }: Nats, onReconnect: () => void): Promise<void> => {
  for await (const { type } of connection.status()) if (type === "reconnect") onReconnect();
};
