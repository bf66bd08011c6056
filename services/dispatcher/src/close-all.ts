import type { AdminServer } from "@ringback/runtime/admin-server";
import { pause } from "@ringback/runtime/backoff";
import type { Nats } from "@ringback/runtime/nats";

/** Stops the parts, lets go of NATS, and then of the probes: they tell of it to the end. */
export const closeAll = async (
  stops: readonly (() => unknown)[],
  nats: Nats,
  admin: AdminServer,
): Promise<void> => {
  const stopped = Promise.all(stops.map((stop) => stop()));
  await drain(nats); // ends what they still ask of a server that does not answer
  await stopped;
  await admin.close();
};

const DRAIN_MS = 2_000;

/** Sends what is still in the client's buffers; gives up on it where no server answers. */
const drain = async ({ connection, isConnected }: Nats): Promise<void> => {
  const drained = isConnected() ? connection.drain().catch(() => undefined) : undefined;
  // The client's drain never ends when the connection is closed meanwhile: it is not waited for then.
  await Promise.race([drained, pause(DRAIN_MS)]);
  await connection.close();
};
