import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { trackOpen } from "../harness/open-resources.ts";

export interface StallingProxy {
  readonly url: string;
  /** Passes nothing on any more, in either direction, on the connections that there are now. */
  readonly stall: () => void;
  readonly stop: () => Promise<void>;
}

/** A TCP proxy whose connections can fall silent without an end, as behind a cut cable. */
export async function startStallingProxy(target: {
  readonly port: number;
}): Promise<StallingProxy> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(target.port, "127.0.0.1");
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => {});
      socket.once("close", () => sockets.delete(socket));
    }
    client.once("close", () => upstream.destroy());
    upstream.once("close", () => client.destroy());
    client.pipe(upstream);
    upstream.pipe(client);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const stop = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, "close");
    closed();
  };
  const closed = trackOpen(`stalling proxy on port ${port}`, stop);
  return {
    url: `nats://127.0.0.1:${port}`,
    stall: () => {
      for (const socket of sockets) socket.unpipe().pause();
    },
    stop,
  };
}
