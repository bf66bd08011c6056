import { createServer, type AddressInfo, type Server } from "node:net";
import { guardedConnect } from "./guarded-connect.ts";
import type { TimedConnect } from "./one-connection.ts";
import type { NameResolver } from "./resolve-name.ts";

/** Addresses that reach this machine without a guard. */
const OWN_ADDRESSES = ["127.0.0.1", "::1", "0.0.0.0"];
const CONNECT_TIMEOUT_MS = 2_000;

/** Resolves every name to this machine, so that names are tried too. */
const toThisMachine: NameResolver = {
  resolve: async (_workspaceId, hostname) => {
    const address = hostname === "ipv6.test" ? "::1" : "127.0.0.1";
    return { kind: "addresses", addresses: [{ address, family: address === "::1" ? 6 : 4 }] };
  },
  close: () => {},
};

const closedGuard = (): TimedConnect =>
  guardedConnect(
    { allowedPrivateCidrs: [], connectTimeoutMs: CONNECT_TIMEOUT_MS },
    toThisMachine,
  )("self-test");

/**
 * Tries to get through the guard to listeners on this machine, plain and with TLS, and throws unless every way is
 * blocked: on a runtime that ignores the block list nothing may be sent.
 */
export const proveGuard = async (connect = closedGuard()): Promise<void> => {
  const listeners = await Promise.all([listen("127.0.0.1"), listen("::1")]);
  try {
    const hosts = [...OWN_ADDRESSES, "ipv4.test", "ipv6.test"];
    const ways = hosts.flatMap((host) => ["http:", "https:"].map((scheme) => ({ host, scheme })));
    const [ipv4 = 1, ipv6 = 1] = listeners.map(portOf);
    const results = await Promise.all(
      ways.map(async ({ host, scheme }) => {
        const port = /^::1$|^ipv6/.test(host) ? ipv6 : ipv4;
        return { host, scheme, code: await codeOf(connect, scheme, host, port) };
      }),
    );
    const open = results.filter(({ code }) => code !== "ERR_IP_BLOCKED");
    if (open.length === 0) return;
    const which = open.map(({ host, scheme, code }) => `${scheme}//${host} (${code})`).join(", ");
    throw new Error(
      `the address guard does not hold on Node.js ${process.version}: ${which}, expected ERR_IP_BLOCKED for every address of this machine; nothing is sent`,
    );
  } finally {
    for (const server of listeners) server?.close();
  }
};

/** Undefined where there is no such family: the guard has to refuse before that shows. */
const listen = (host: string): Promise<Server | undefined> =>
  new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", () => resolve(undefined));
    server.listen(0, host, () => resolve(server));
  });

const portOf = (server: Server | undefined): number =>
  (server?.address() as AddressInfo | undefined)?.port ?? 1;

const codeOf = (
  connect: TimedConnect,
  protocol: string,
  hostname: string,
  port: number,
): Promise<string> =>
  new Promise((resolve) => {
    const deadlineMs = performance.now() + CONNECT_TIMEOUT_MS;
    const at = { protocol, hostname, host: `${hostname}:${port}`, port: String(port) };
    connect({ ...at, deadlineMs }, (...[error, socket]) => {
      socket?.on("error", () => {}).destroy();
      resolve(error === null ? "connected" : String((error as NodeJS.ErrnoException).code));
    });
  });
