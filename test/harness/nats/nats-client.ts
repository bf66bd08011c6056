import {
  jetstream,
  type JetStreamClient,
  jetstreamManager,
  type JetStreamManager,
} from "@nats-io/jetstream";
import { connect, type NatsConnection, type NodeConnectionOptions } from "@nats-io/transport-node";
import { eventually } from "../eventually.ts";
import { trackOpen } from "../process/open-resources.ts";

export interface NatsClient {
  readonly nc: NatsConnection;
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  /**
   * Resolves once JetStream answers on this connection. Await it after a restart of the server: what
   * is sent while the connection is down is lost, and a request then only fails after its time-out.
   */
  reconnected(): Promise<void>;
  close(): Promise<void>;
}

/** A test's own connection, to one server or several with commas; it survives restarts and must be closed. */
export async function connectTo(
  server: { readonly url: string },
  options: Pick<NodeConnectionOptions, "pingInterval" | "maxPingOut"> = {},
): Promise<NatsClient> {
  const nc = await connect({
    servers: server.url.split(","),
    name: "test",
    maxReconnectAttempts: -1,
    reconnectTimeWait: 50,
    reconnectJitter: 0,
    noAsyncTraces: true,
    ...options,
  });
  const closed = trackOpen(`NATS connection to ${server.url}`, () => nc.close());
  const close = async (): Promise<void> => {
    await nc.close();
    closed();
  };
  const reconnected = async (): Promise<void> => {
    await eventually(() => nc.request("$JS.API.INFO", undefined, { timeout: 250 }), {
      what: `JetStream at ${server.url} answers a client from before`,
    });
  };
  try {
    return { nc, js: jetstream(nc), jsm: await jetstreamManager(nc), reconnected, close };
  } catch (error) {
    await close();
    throw error;
  }
}
