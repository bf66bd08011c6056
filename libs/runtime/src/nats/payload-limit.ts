import { connect, type NatsConnection, type NodeConnectionOptions } from "@nats-io/transport-node";

/** At most one request in this time: a producer of too large messages would connect for each of them. */
const REFRESH_EVERY_MS = 5_000;

/**
 * Returns a function that reads the server's limit for messages (`max_payload`) again, by a connection of its own.
 * A server that reloads its configuration does not say so to open connections.
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
