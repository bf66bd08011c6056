import type { LookupAddress } from "node:dns";
import { isIP, type Socket } from "node:net";
import { createSecureContext, getCACertificates, type SecureContext } from "node:tls";
import { LRUCache } from "lru-cache";
import { buildConnector } from "undici";
import {
  classifyAddress,
  deniedAddresses,
  type AddressPolicy,
} from "@ringback/contracts/address/address";
import { ConnectError, connectTcp, interleaved } from "./connect-tcp.ts";
import type { EgressProxy } from "./decide/egress-proxy.ts";
import { tunnelThrough } from "./connect-proxy.ts";
import type { TimedConnect } from "./one-connection.ts";
import type { NameResolver } from "./resolve-name.ts";

export type ConnectPolicy = AddressPolicy & {
  /** TCP and TLS together, once the name is resolved: undici has no other deadline meanwhile. */
  readonly connectTimeoutMs: number;
  /** The trusted authorities; those of Node.js where left out. */
  readonly secureContext?: SecureContext | undefined;
  /** Resolves names itself and has to check their addresses; literals are still checked here. */
  readonly proxy?: EgressProxy | undefined;
};

/** Connects for a workspace, whose lookups count against its own cap. */
export type GuardedConnect = (workspaceId: string) => TimedConnect;

/** Resolving a name may take this share of what is left of an attempt: the rest is for the endpoint. */
const LOOKUP_SHARE = 0.5;
const MAX_LOOKUP_MS = 15_000;
const MAX_NAMES = 4_096;
const NAME_TTL_MS = 10 * 60_000;

/**
 * Connects only to allowed addresses. Resolves a name once, checks all addresses that are known by then, and
 * connects to no others; Node's block list checks the address again.
 */
export const guardedConnect = (policy: ConnectPolicy, names: NameResolver): GuardedConnect => {
  const blockList = deniedAddresses(policy);
  const tunnel = policy.proxy === undefined ? undefined : tunnelThrough(policy.proxy);
  // RFC 8305, 4: the family that connected, to be tried first the next time.
  const familyOf = new LRUCache<string, number>({ max: MAX_NAMES, ttl: NAME_TTL_MS });

  /** One denied address condemns the name: its next response may have that one alone (DNS rebinding). */
  const allowed = (addresses: readonly LookupAddress[]): readonly LookupAddress[] => {
    if (addresses.some(({ address }) => classifyAddress(address, blockList).kind === "denied"))
      throw new ConnectError("ERR_IP_BLOCKED");
    return addresses;
  };

  const open = async (
    workspaceId: string,
    hostname: string,
    port: number,
    deadlineMs: number,
  ): Promise<Opened> => {
    const family = isIP(hostname);
    const literal = family === 0 ? [] : allowed([{ address: hostname, family }]);
    if (tunnel !== undefined || family !== 0) {
      const timeoutMs = connectTimeoutOf(policy, deadlineMs);
      const opening =
        tunnel?.({ hostname, port, timeoutMs }) ??
        connectTcp({ port, addresses: literal, timeoutMs, blockList });
      return timed(timeoutMs, opening);
    }
    const lookupMs = Math.min(MAX_LOOKUP_MS, (deadlineMs - performance.now()) * LOOKUP_SHARE);
    const resolved = await names.resolve(workspaceId, hostname, lookupMs);
    if (resolved.kind === "unresolved") throw new ConnectError(resolved.code);
    const key = `${workspaceId} ${hostname}`;
    const addresses = interleaved(allowed(resolved.addresses), familyOf.get(key) ?? 4);
    const later = resolved.later?.then(allowed);
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
    // tls.connect ignores blockList (Node 24): TLS begins on a checked connection.
    else connectTls(leftMs, policy)({ ...target, httpSocket: socket }, callback);
  };

  return (workspaceId) => (options, callback) => void connect(workspaceId, options, callback);
};

/**
 * The authorities of Node.js and the operator's own (`EXTRA_CA_FILE`), TLS 1.2 or newer. Make it once: it
 * takes milliseconds, in which no connection is served.
 */
export const trustStore = (extraCa: readonly string[]): SecureContext =>
  createSecureContext({
    minVersion: "TLSv1.2",
    ...(extraCa.length === 0 ? {} : { ca: [...getCACertificates("default"), ...extraCa] }),
  });

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
