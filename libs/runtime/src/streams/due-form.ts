import {
  ALL_PRESENCE,
  KNOWS_ENDPOINTS,
  KNOWS_HEADER,
  READS_DELIVERIES,
  READS_HEADER,
} from "@ringback/contracts/streams/presence-subject";
import { agentsDueRetrySubject, dueRetrySubject } from "@ringback/contracts/streams/retry-subjects";
import { type AgentAddress } from "@ringback/contracts/streams/subjects";
import type { Logger } from "../telemetry/logger.ts";
import { headerIn, rawHeadersOf } from "../nats/message-headers.ts";
import type { Nats } from "../nats/connection.ts";

/** The form of due retries that every running dispatcher can read. */
export type DueForm = {
  /** The subject for a delivery's due retry. */
  readonly subjectOf: (agent: AgentAddress, deliveryId: string) => string;
  /**
   * False while a dispatcher of a version without endpoints runs: it would send a retry of an endpoint's delivery to
   * the agent's subscription.
   */
  readonly allKnowEndpoints: () => boolean;
  readonly close: () => void;
};

/** Dispatchers send a heartbeat every 2 s; after three missing ones a dispatcher counts as stopped. */
const PRESENCE_EXPIRES_MS = 7_000;

/** After each new connection: by then every dispatcher has sent a heartbeat. */
const HEARD_ALL_AFTER_MS = 2_500;

/**
 * Listens to the dispatchers' presence. Dispatchers of earlier versions cannot read a subject that names the delivery,
 * and would dead-letter it. While one runs, or that is unknown, retries are written in the old form, which every
 * version reads (docs/adr/0021). To be dropped with that form.
 */
export const dueForm = (nats: Nats, log: Logger, heardAllAfterMs = HEARD_ALL_AFTER_MS): DueForm => {
  let heardOldMs = -Infinity;
  let heardWithoutEndpointsMs = -Infinity;
  let listeningSinceMs = performance.now();
  let hasFailed = false;
  const subscription = nats.connection.subscribe(ALL_PRESENCE, {
    callback: (error, message) => {
      if (error !== null) {
        hasFailed = true;
        return log.warn({ err: error }, "presence.deaf");
      }
      // Read raw: an error of the client's decoder would end the reading of the whole connection.
      const raw = rawHeadersOf(message);
      if (headerIn(raw, READS_HEADER) !== READS_DELIVERIES) heardOldMs = performance.now();
      if (headerIn(raw, KNOWS_HEADER) !== KNOWS_ENDPOINTS) {
        heardWithoutEndpointsMs = performance.now();
      }
    },
  });
  void onReconnected(nats, () => {
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
    allKnowEndpoints: () => performance.now() - heardWithoutEndpointsMs > PRESENCE_EXPIRES_MS,
    close: () => subscription.unsubscribe(),
  };
};

/** Calls back after each reconnection, as heartbeats were missed. Ends when the connection is closed. */
export const onReconnected = async (
  { connection }: Nats,
  onReconnect: () => void,
): Promise<void> => {
  for await (const { type } of connection.status()) if (type === "reconnect") onReconnect();
};
