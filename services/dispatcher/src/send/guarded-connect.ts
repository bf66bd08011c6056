import type { LookupAddress } from "node:dns";
import { isIP, type BlockList, type Socket } from "node:net";
import type { SecureContext } from "node:tls";
import { buildConnector } from "undici";
import { classifyAddress, deniedAddresses, type AddressPolicy } from "@ringback/contracts/address";
import { ConnectError } from "./connect-error.ts";
import { connectTcp } from "./connect-tcp.ts";
import type { EgressProxy } from "../decide/egress-proxy.ts";
import { connectThrough } from "./connect-through.ts";
import type { NameResolver } from "./resolve-name.ts";

export type ConnectPolicy = AddressPolicy & {
  /** TCP and TLS together, once the name is resolved: undici looks at nothing else meanwhile. */
  readonly connectTimeoutMs: number;
  /** What certificates are checked against; the authorities that Node.js knows where left out. */
  readonly secureContext?: SecureContext | undefined;
  /** Resolves names itself and has to judge what they lead to; literals are still judged here. */
  readonly proxy?: EgressProxy | undefined;
};

/** Connects for a workspace, whose lookups count against its own cap. */
export type GuardedConnect = (workspaceId: string) => buildConnector.connector;

/**
 * Connects only to addresses that may be delivered to. A name is resolved once and judged as a whole,
 * and what was judged is what is connected to; then Node's block list judges the address again.
 */
export const guardedConnect = (policy: ConnectPolicy, names: NameResolver): GuardedConnect => {
  const { connectTimeoutMs: timeoutMs, proxy } = policy;
  const blockList = deniedAddresses(policy);

  const open = async (workspaceId: string, hostname: string, port: number): Promise<Opened> => {
    const isLiteral = isIP(hostname) !== 0;
    if (proxy !== undefined) {
      if (isLiteral) judge([hostname], blockList);
      return timed(timeoutMs, connectThrough(proxy, { hostname, port, timeoutMs }));
    }
    const addresses = isLiteral
      ? [{ address: hostname, family: isIP(hostname) }]
      : await addressesOf(names, workspaceId, hostname);
    judge(
      addresses.map(({ address }) => address),
      blockList,
    );
    return timed(timeoutMs, connectTcp({ hostname, port, addresses, timeoutMs, blockList }));
  };

  const connect = async (
    workspaceId: string,
    options: buildConnector.Options,
    callback: buildConnector.Callback,
  ): Promise<void> => {
    const isTls = options.protocol === "https:";
    const port = Number(options.port) || (isTls ? 443 : 80); // a URL does not name its scheme's own
    let opened: Opened;
    try {
      opened = await open(workspaceId, options.hostname, port);
    } catch (error) {
      callback(error as Error, null);
      return;
    }
    const { socket, leftMs } = opened;
    if (!isTls) callback(null, socket);
    // tls.connect takes no notice of blockList (Node 24): TLS begins on a connection that was checked.
    else connectTls(leftMs, policy)({ ...options, httpSocket: socket }, callback);
  };

  return (workspaceId) => (options, callback) => void connect(workspaceId, options, callback);
};

type Opened = { readonly socket: Socket; readonly leftMs: number };

const timed = async (timeoutMs: number, opening: Promise<Socket>): Promise<Opened> => {
  const startedMs = performance.now();
  const socket = await opening;
  return { socket, leftMs: Math.max(1, timeoutMs - (performance.now() - startedMs)) };
};

const addressesOf = async (
  names: NameResolver,
  workspaceId: string,
  hostname: string,
): Promise<readonly LookupAddress[]> => {
  const resolved = await names.resolve(workspaceId, hostname);
  if (resolved.kind === "unresolved") throw new ConnectError(resolved.code);
  return resolved.addresses;
};

/** One address that is denied condemns the name: those who mix them have the next answer ready. */
const judge = (addresses: readonly string[], denied: BlockList): void => {
  const verdicts = addresses.map((address) => classifyAddress(address, denied).kind);
  if (verdicts.includes("denied")) throw new ConnectError("ERR_IP_BLOCKED");
};

const connectTls = (
  timeoutMs: number,
  { secureContext }: ConnectPolicy,
): buildConnector.connector =>
  buildConnector({
    timeout: timeoutMs,
    allowH2: false, // predictable deadlines
    maxCachedSessions: 0, // a resumed TLS session skips the check of the certificate's name
    minVersion: "TLSv1.2",
    keepAliveInitialDelay: 15_000,
    ...(secureContext === undefined ? {} : { secureContext }),
  });
