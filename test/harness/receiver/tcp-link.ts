import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { trackOpen } from "../process/open-resources.ts";

/** `out` is from whoever connects to the target, `back` the other way. */
type LinkDirection = "out" | "back";

/** A TCP proxy on 127.0.0.1 that a test can make silent, each way for itself. */
export interface TcpLink {
  readonly port: number;
  /** Where connections lead to from now on; until it is known, they are closed at once. */
  setTarget(port: number): void;
  /**
   * Nothing more comes through this way, and nobody is told: neither bytes nor the end of a connection. So
   * does a network that loses every packet. What was sent comes through once the way is open again.
   */
  silence(...directions: readonly LinkDirection[]): void;
  /** Makes both ways of the connections that there are now silent; new ones work. */
  silenceOpen(): void;
  /** Opens both ways. */
  restore(): void;
  /** Ends the connections that there are now, as a network that resets them; new ones work. */
  cut(): void;
  stop(): Promise<void>;
}

interface Way {
  readonly from: Socket;
  readonly to: Socket;
  isSilent: boolean;
  /** It ended while it was silent. */
  ended: boolean;
}

type Ways = Readonly<Record<LinkDirection, Way>>;

/** `reader` is asked for each connection; what it gives is told of all bytes that come in. */
export async function startTcpLink(reader?: () => (bytes: Buffer) => void): Promise<TcpLink> {
  const open = new Set<Ways>();
  const silent = new Set<LinkDirection>();
  let target: number | undefined;
  const server = createServer({ allowHalfOpen: true }, (client) => {
    if (target === undefined) {
      client.on("error", ignore);
      client.destroy();
      return;
    }
    const upstream = connect({ port: target, host: "127.0.0.1", allowHalfOpen: true });
    const ways: Ways = {
      out: { from: client, to: upstream, isSilent: silent.has("out"), ended: false },
      back: { from: upstream, to: client, isSilent: silent.has("back"), ended: false },
    };
    open.add(ways);
    const read = reader?.();
    if (read !== undefined) client.on("data", read);
    for (const way of [ways.out, ways.back]) carry(way);
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      socket.once("close", () => {
        if (client.destroyed && upstream.destroyed) open.delete(ways);
      });
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const cut = (): void => {
    for (const { out } of open) {
      out.from.destroy();
      out.to.destroy();
    }
  };
  const stop = async (): Promise<void> => {
    cut();
    server.close();
    await once(server, "close");
    closed();
  };
  const closed = trackOpen(`TCP link on port ${port}`, stop);
  return {
    port,
    setTarget: (next) => {
      target = next;
    },
    silence: (...directions) => {
      for (const direction of directions) silent.add(direction);
      for (const ways of open) for (const direction of directions) fallSilent(ways[direction]);
    },
    silenceOpen: () => {
      for (const ways of open) for (const way of [ways.out, ways.back]) fallSilent(way);
    },
    restore: () => {
      silent.clear();
      for (const ways of open) for (const way of [ways.out, ways.back]) goOn(way);
    },
    cut,
    stop,
  };
}

/** The connections end as those of the two ends do; why is theirs to say. */
function ignore(): void {}

function carry(way: Way): void {
  const { from, to } = way;
  from.on("error", ignore);
  from.on("data", (bytes) => {
    if (to.write(bytes)) return;
    from.pause();
    to.once("drain", () => {
      if (!way.isSilent) from.resume();
    });
  });
  const end = (): void => {
    way.ended = true;
    if (!way.isSilent) goOn(way);
  };
  from.once("end", end);
  from.once("close", end);
  if (way.isSilent) from.pause();
}

function fallSilent(way: Way): void {
  way.isSilent = true;
  way.from.pause();
}

function goOn(way: Way): void {
  way.isSilent = false;
  const { from, to, ended } = way;
  if (!ended) from.resume();
  else if (from.destroyed) to.destroySoon();
  else to.end();
}
