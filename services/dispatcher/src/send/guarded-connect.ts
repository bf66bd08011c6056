import type { LookupAddress } from "node:dns";
import { isIP, type BlockList, type Socket } from "node:net";
import type { SecureContext } from "node:tls";
import { LRUCache } from "lru-cache";
import { buildConnector } from "undici";
import {
  classifyAddress,
  deniedAddresses,
  type AddressPolicy,
} from "@ringback/contracts/address/address";
import { ConnectError } from "./connect-error.ts";
import { connectTcp, interleaved } from "./connect-tcp.ts";
import type { EgressProxy } from "./decide/egress-proxy.ts";
import { tunnelThrough } from "./connect-proxy.ts";
import type { TimedConnect } from "./one-connection.ts";
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
export type GuardedConnect = (workspaceId: string) => TimedConnect;

/** A name may take this share of what is left of an attempt to be found: the rest is for the endpoint. */
const LOOKUP_SHARE = 0.5;
const MAX_LOOKUP_MS = 15_000;
const REMEMBERED_NAMES = 4_096;
const REMEMBERED_MS = 10 * 60_000;

/**
 * Connects only to addresses that may be delivered to. A name is resolved once and judged as a whole, as
 * far as it is known by then, and what was judged is what is connected to; then Node's block list judges
 * the address again.
 */
export const guardedConnect = (policy: ConnectPolicy, names: NameResolver): GuardedConnect => {
  const blockList = deniedAddresses(policy);
  const tunnel = policy.proxy === undefined ? undefined : tunnelThrough(policy.proxy);
  // RFC 8305, 4: which family answered, so that the other one is not waited for each time.
  const familyOf = new LRUCache<string, number>({ max: REMEMBERED_NAMES, ttl: REMEMBERED_MS });

  const judged = (addresses: readonly LookupAddress[]): readonly LookupAddress[] => {
    judge(addresses, blockList);
    return addresses;
  };

  const open = async (
    workspaceId: string,
    hostname: string,
    port: number,
    deadlineMs: number,
  ): Promise<Opened> => {
    const family = isIP(hostname);
    const literal = family === 0 ? [] : judged([{ address: hostname, family }]);
    if (tunnel !== undefined) {
      const timeoutMs = connectTimeoutOf(policy, deadlineMs);
      return timed(timeoutMs, tunnel({ hostname, port, timeoutMs }));
    }
    if (family !== 0) {
      const timeoutMs = connectTimeoutOf(policy, deadlineMs);
      return timed(timeoutMs, connectTcp({ port, addresses: literal, timeoutMs, blockList }));
    }
    const lookupMs = Math.min(MAX_LOOKUP_MS, (deadlineMs - performance.now()) * LOOKUP_SHARE);
    const resolved = await names.resolve(workspaceId, hostname, lookupMs);
    if (resolved.kind === "unresolved") throw new ConnectError(resolved.code);
    const key = `${workspaceId} ${hostname}`;
    const addresses = interleaved(judged(resolved.addresses), familyOf.get(key) ?? 4);
    const later = resolved.later?.then(judged);
    const timeoutMs = connectTimeoutOf(policy, deadlineMs);
    const opened = await timed(
      timeoutMs,
      connectTcp({ port, addresses, later, timeoutMs, blockList }),
    );
    familyOf.set(key, opened.socket.remoteFamily === "IPv6" ? 6 : 4);
    return opened;
  };

  const connect = async (
    workspaceId: string,
    options: Parameters<TimedConnect>[0],
    callback: buildConnector.Callback,
  ): Promise<void> => {
    const { deadlineMs, ...target } = options;
    const isTls = target.protocol === "https:";
    const port = Number(target.port) || (isTls ? 443 : 80); // a URL does not name its scheme's own
    let opened: Opened;
    try {
      opened = await open(workspaceId, target.hostname, port, deadlineMs);
    } catch (error) {
      callback(error as Error, null);
      return;
    }
    const { socket, leftMs } = opened;
    if (!isTls) callback(null, socket);
    // tls.connect takes no notice of blockList (Node 24): TLS begins on a connection that was checked.
    else connectTls(leftMs, policy)({ ...target, httpSocket: socket }, callback);
  };

  return (workspaceId) => (options, callback) => void connect(workspaceId, options, callback);
};

/** undici's timers count ticks of half a second: they may end this much before their time. */
const TIMER_TICKS_MS = 1_000;

/** Never before the attempt's own deadline: that one is exact, and says what the endpoint had. */
const connectTimeoutOf = ({ connectTimeoutMs }: ConnectPolicy, deadlineMs: number): number =>
  Math.min(connectTimeoutMs, Math.max(0, deadlineMs - performance.now()) + TIMER_TICKS_MS);

type Opened = { readonly socket: Socket; readonly leftMs: number };

const timed = async (timeoutMs: number, opening: Promise<Socket>): Promise<Opened> => {
  const startedMs = performance.now();
  const socket = await opening;
  return { socket, leftMs: Math.max(1, timeoutMs - (performance.now() - startedMs)) };
};

/** One address that is denied condemns the name: those who mix them have the next answer ready. */
const judge = (addresses: readonly LookupAddress[], denied: BlockList): void => {
  const verdicts = addresses.map(({ address }) => classifyAddress(address, denied).kind);
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
