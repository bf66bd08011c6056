import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { trackOpen } from "./open-resources.ts";

/** `out` is from whoever connects to the target, `back` the other way. */
export type LinkDirection = "out" | "back";

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
  /** Opens both ways. */
  restore(): void;
  stop(): Promise<void>;
}

interface Way {
  readonly from: Socket;
  readonly to: Socket;
  /** What ended while the way was silent. */
  ended: boolean;
}

type Ways = Readonly<Record<LinkDirection, Way>>;

export async function startTcpLink(): Promise<TcpLink> {
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
      out: { from: client, to: upstream, ended: false },
      back: { from: upstream, to: client, ended: false },
    };
    open.add(ways);
    for (const direction of ["out", "back"] as const) carry(ways[direction], direction, silent);
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      socket.once("close", () => {
        if (client.destroyed && upstream.destroyed) open.delete(ways);
      });
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const stop = async (): Promise<void> => {
    for (const { out } of open) {
      out.from.destroy();
      out.to.destroy();
    }
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
      for (const ways of open) for (const direction of directions) ways[direction].from.pause();
    },
    restore: () => {
      silent.clear();
      for (const ways of open) for (const way of [ways.out, ways.back]) goOn(way);
    },
    stop,
  };
}

/** The connections end as those of the two ends do; why is theirs to say. */
function ignore(): void {}

function carry(way: Way, direction: LinkDirection, silent: ReadonlySet<LinkDirection>): void {
  const { from, to } = way;
  from.on("error", ignore);
  from.on("data", (bytes) => {
    if (to.write(bytes)) return;
    from.pause();
    to.once("drain", () => {
      if (!silent.has(direction)) from.resume();
    });
  });
  const end = (): void => {
    way.ended = true;
    if (!silent.has(direction)) goOn(way);
  };
  from.once("end", end);
  from.once("close", end);
  if (silent.has(direction)) from.pause();
}

function goOn({ from, to, ended }: Way): void {
  if (!ended) from.resume();
  else if (from.destroyed) to.destroySoon();
  else to.end();
}
