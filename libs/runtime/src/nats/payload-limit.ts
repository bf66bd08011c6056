import { connect, type NatsConnection, type NodeConnectionOptions } from "@nats-io/transport-node";

/** At most one request in this time, as a producer may send one message after another that is too large. */
const REFRESH_EVERY_MS = 5_000;

/**
 * Returns a function that reads the server's limit for messages (`max_payload`) again, on a connection of its own: a
 * server that reloads its configuration does not notify open connections.
 */
export const payloadLimit = (
  connection: NatsConnection,
  options: NodeConnectionOptions,
): (() => void) => {
  let refreshedMs = Number.NEGATIVE_INFINITY;
  const refresh = async (): Promise<void> => {
    const other = await connect({ ...options, reconnect: false });
    const bytes = other.info?.max_payload;
    if (connection.info !== undefined && bytes !== undefined) connection.info.max_payload = bytes;
    await other.close();
  };
  return () => {
    if (performance.now() - refreshedMs < REFRESH_EVERY_MS) return;
    refreshedMs = performance.now();
    refresh().catch(() => undefined); // the limit stays as it was until the next refresh
  };
};
