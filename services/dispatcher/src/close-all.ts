import type { AdminServer } from "@ringback/runtime/process/admin-server";
import { closeNats, type Nats } from "@ringback/runtime/nats/connection";

/** Stops the parts, lets go of NATS, and then of the probes: they tell of it to the end. */
export const closeAll = async (
  stops: readonly (() => unknown)[],
  nats: Nats,
  admin: AdminServer,
): Promise<void> => {
  const stopped = Promise.all(stops.map((stop) => stop()));
  await closeNats(nats); // ends what they still ask of a server that does not answer
  await stopped;
  await admin.close();
};
