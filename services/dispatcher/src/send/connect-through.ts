import { Buffer } from "node:buffer";
import { isIP, type Socket } from "node:net";
import { promises as dns } from "node:dns";
import type { EgressProxy } from "../decide/egress-proxy.ts";
import { ConnectError } from "./connect-error.ts";
import { connectTcp } from "./connect-tcp.ts";

type Target = { readonly hostname: string; readonly port: number; readonly timeoutMs: number };

const MAX_HEAD_BYTES = 16 * 1024;
const HEAD_END = "\r\n\r\n";

/**
 * A tunnel through the proxy to the target. Rejects with what the proxy said of the target, or with
 * `PROXY_…` codes where the proxy itself is at fault: that is ours and not the endpoint's.
 */
export const connectThrough = async (proxy: EgressProxy, target: Target): Promise<Socket> => {
  const socket = await connectToProxy(proxy, target.timeoutMs);
  const timer = setTimeout(() => socket.destroy(new ConnectError("ETIMEDOUT")), target.timeoutMs);
  try {
    socket.write(connectRequest(proxy, target));
    const { head, rest } = await readHead(socket);
    const problem = problemOf(head);
    if (problem !== undefined) throw new ConnectError(problem);
    if (rest.length > 0) socket.unshift(rest);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
};

const connectToProxy = async (proxy: EgressProxy, timeoutMs: number): Promise<Socket> => {
  const { hostname, port } = proxy;
  try {
    // The operator's own choice: not judged, and looked up as the system does.
    const addresses = await dns.lookup(hostname, { all: true });
    return await connectTcp({ hostname, port, addresses, timeoutMs });
  } catch {
    throw new ConnectError("PROXY_UNREACHABLE");
  }
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

/** What a proxy's answer to CONNECT means; undefined when the tunnel is there. */
export const problemOf = (head: string): string | undefined => {
  const status = Number(/^HTTP\/1\.[01] (\d{3})(?: |\r|$)/.exec(head)?.[1]);
  if (status >= 200 && status < 300) return undefined;
  // Some proxies that judge addresses refuse with 407 and ask for no credentials (smokescreen).
  if (status === 407 && /\r\nproxy-authenticate:/i.test(head)) return "PROXY_AUTHENTICATION";
  if (status === 403 || status === 407) return "ERR_IP_BLOCKED";
  if (status === 504) return "ETIMEDOUT";
  if (status === 502 || status === 503) return "ECONNREFUSED";
  return "PROXY_PROTOCOL";
};
