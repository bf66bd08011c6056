import { Buffer } from "node:buffer";
import { isIP, type Socket } from "node:net";
import { promises as dns, type LookupAddress } from "node:dns";
import { within } from "@ringback/runtime/process/concurrency";
import type { EgressProxy } from "./decide/egress-proxy.ts";
import { proxyResponseOf } from "./decide/proxy-response.ts";
import { ConnectError, connectTcp } from "./connect-tcp.ts";

type Target = { readonly hostname: string; readonly port: number; readonly timeoutMs: number };

const MAX_HEAD_BYTES = 16 * 1024;
const HEAD_END = "\r\n\r\n";

/** A proxy that opened a tunnel within this time is well. */
const LATELY_MS = 60_000;

/**
 * Tunnels through the proxy. Rejects with the proxy's error about the target, or with a `PROXY_…` code where the
 * proxy itself is at fault: that is ours and not the endpoint's.
 */
export const tunnelThrough = (proxy: EgressProxy): ((target: Target) => Promise<Socket>) => {
  const addresses = addressesOf(proxy);
  let tunnelledMs = -Infinity;
  return async (target) => {
    const deadlineMs = performance.now() + target.timeoutMs;
    const socket = await connectTo(proxy, await addresses(target.timeoutMs), target.timeoutMs);
    const leftMs = deadlineMs - performance.now();
    const timer = setTimeout(() => socket.destroy(new ConnectError("ETIMEDOUT")), leftMs);
    try {
      socket.write(connectRequest(proxy, target));
      const { head, rest } = await readHead(socket);
      const response = proxyResponseOf(head, performance.now() - tunnelledMs < LATELY_MS);
      if (response.kind !== "tunnel") throw new ConnectError(response.code);
      tunnelledMs = performance.now();
      if (rest.length > 0) socket.unshift(rest);
      return socket;
    } catch (error) {
      socket.destroy();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  };
};

type Addresses = (timeoutMs: number) => Promise<readonly LookupAddress[]>;

/**
 * The operator's own choice: not checked, and resolved as the system does. One lookup at a time: a hanging one
 * takes one thread of getaddrinfo, however many wait for it.
 */
const addressesOf = ({ hostname }: EgressProxy): Addresses => {
  let lookup: Promise<readonly LookupAddress[]> | undefined;
  return async (timeoutMs) => {
    lookup ??= dns
      .lookup(hostname, { all: true })
      .catch(() => [])
      .finally(() => {
        lookup = undefined;
      });
    return within(timeoutMs, lookup, []);
  };
};

const connectTo = async (
  { port }: EgressProxy,
  addresses: readonly LookupAddress[],
  timeoutMs: number,
): Promise<Socket> => {
  try {
    if (addresses.length > 0) return await connectTcp({ port, addresses, timeoutMs });
  } catch {
    // Errors on the way to our own proxy are not for customers.
  }
  throw new ConnectError("PROXY_UNREACHABLE");
};

const connectRequest = ({ authorization }: EgressProxy, { hostname, port }: Target): string => {
  const authority = `${isIP(hostname) === 6 ? `[${hostname}]` : hostname}:${port}`;
  const credentials =
    authorization === undefined ? "" : `proxy-authorization: ${authorization}\r\n`;
  return `CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n${credentials}\r\n`;
};

const readHead = (socket: Socket): Promise<{ readonly head: string; readonly rest: Buffer }> =>
  new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    const settle = (finish: () => void): void => {
      socket.off("data", onData).off("error", reject).off("close", onClose).pause();
      finish();
    };
    const onData = (chunk: Buffer): void => {
      received = Buffer.concat([received, chunk]);
      const end = received.indexOf(HEAD_END);
      if (end >= 0) {
        const head = received.subarray(0, end).toString("latin1");
        settle(() => resolve({ head, rest: received.subarray(end + HEAD_END.length) }));
      } else if (received.length > MAX_HEAD_BYTES) {
        settle(() => reject(new ConnectError("PROXY_PROTOCOL")));
      }
    };
    const onClose = (): void => settle(() => reject(new ConnectError("PROXY_PROTOCOL")));
    socket.on("data", onData).on("error", reject).once("close", onClose);
  });
