import { connect, type NatsConnection, type NodeConnectionOptions } from "@nats-io/transport-node";

/** A limit that was just asked for is not asked for again: whoever sends too much would have us connect each time. */
const ASK_EVERY_MS = 5_000;

/**
 * Asks a server again how large a message may be (`max_payload`), by a connection of its own. A server that reads its
 * configuration again tells it to nobody who is connected; one that was raised would be found out at the next start.
 */
export const payloadLimit = (
  connection: NatsConnection,
  options: NodeConnectionOptions,
): { readonly askAgain: () => void } => {
  let askedMs = Number.NEGATIVE_INFINITY;
  const ask = async (): Promise<void> => {
    const other = await connect({ ...options, reconnect: false });
    const bytes = other.info?.max_payload;
    if (connection.info !== undefined && bytes !== undefined) connection.info.max_payload = bytes;
    await other.close();
  };
  return {
    askAgain: () => {
      if (performance.now() - askedMs < ASK_EVERY_MS) return;
      askedMs = performance.now();
      ask().catch(() => undefined); // then what was known stays, and it is asked for again
    },
  };
};
