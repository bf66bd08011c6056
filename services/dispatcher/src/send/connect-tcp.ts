import type { LookupAddress } from "node:dns";
import { connect, type BlockList, type Socket, type TcpNetConnectOpts } from "node:net";
import { ConnectError } from "./connect-error.ts";

/** Where a connection may go: the addresses were judged, and are the only ones that are tried. */
export type TcpTarget = {
  readonly hostname: string;
  readonly port: number;
  readonly addresses: readonly LookupAddress[];
  readonly timeoutMs: number;
  /** Judges each address once more, at the very moment of connecting to it (Node 24). */
  readonly blockList?: BlockList;
};

/** However many addresses a name has. */
const MAX_ADDRESSES = 8;
const LEAST_ATTEMPT_MS = 250;
const KEEP_ALIVE_MS = 15_000;

/**
 * A connection to one of these addresses, tried in turn ("happy eyeballs"). Nothing is resolved here:
 * what is connected to is what was judged. Rejects with what the system or the block list says.
 */
export const connectTcp = (target: TcpTarget): Promise<Socket> => {
  const { hostname, port, timeoutMs, blockList } = target;
  const addresses = target.addresses.slice(0, MAX_ADDRESSES);
  const options: TcpNetConnectOpts & { blockList?: BlockList } = {
    host: hostname,
    port,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: Math.max(LEAST_ATTEMPT_MS, timeoutMs / addresses.length),
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
    lookup: (_hostname, { all }, callback) => {
      const [first] = addresses;
      if (all === true) callback(null, [...addresses]);
      else callback(null, first?.address ?? "", first?.family);
    },
    ...(blockList === undefined ? {} : { blockList }),
  };
  return new Promise((resolve, reject) => {
    const socket = connect(options);
    const timer = setTimeout(() => socket.destroy(new ConnectError("ETIMEDOUT")), timeoutMs);
    // Stays: between here and the one who takes the socket over, an error has to meet somebody.
    socket.on("error", reject);
    socket.once("close", () => clearTimeout(timer));
    socket.once("connect", () => {
      clearTimeout(timer);
      resolve(socket);
    });
  });
};
