import { createServer as createHttpsServer } from "node:https";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { trackOpen } from "../process/open-resources.ts";
import type { Certificate } from "./tls.ts";

/** A server that does what it does to connections, whatever may come on them. */
export interface Endpoint {
  readonly port: number;
  /** Connections accepted so far, with or without a request. */
  readonly connections: number;
  /** Connections that are open now. */
  readonly open: number;
  url(path: string, host?: string): string;
  stop(): Promise<void>;
}

/** What is done to a connection; `nth` counts them from 1. */
export type OnConnection = (socket: Socket, nth: number) => void;

export const OK = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

/** Reads and never says anything. */
export const SILENT: OnConnection = (socket) => socket.resume();

/** Says this text to each request's first bytes and, if so told, ends the connection. */
export const says =
  (text: string, then: "stay" | "end" = "stay"): OnConnection =>
  (socket) => {
    socket.on("data", () => {
      if (then === "end") socket.end(text);
      else socket.write(text);
    });
  };

/** On the first connection one thing, on all later ones the other. */
export const firstThen =
  (first: OnConnection, later: OnConnection): OnConnection =>
  (socket, nth) => {
    (nth === 1 ? first : later)(socket, nth);
  };

/** A TCP server on an address of this machine; port 0 lets the system choose. */
export async function startTcpEndpoint(
  onConnection: OnConnection,
  { host = "127.0.0.1", port = 0 }: { readonly host?: string; readonly port?: number } = {},
): Promise<Endpoint> {
  const server = createServer();
  const endpoint = await listen(server, host, port, "http");
  server.on("connection", (socket: Socket) => onConnection(socket, endpoint.connections));
  return endpoint;
}

/** Answers 200 over TLS, the first connection with one certificate, all later ones with the other. */
export async function startRenewedTlsEndpoint(
  first: Certificate,
  later: Certificate,
): Promise<Endpoint> {
  const server = createHttpsServer(
    { cert: first.certPem, key: first.keyPem },
    (request, response) => {
      request.resume().on("end", () => response.end());
    },
  );
  // After Node's own listener, which takes the certificate for this connection.
  server.on("connection", () =>
    server.setSecureContext({ cert: later.certPem, key: later.keyPem }),
  );
  return listen(server, "127.0.0.1", 0, "https");
}

/** Any HTTP server on a port of its own: `connections` and `open` count what it accepts. */
export async function listen(
  server: Server,
  host: string,
  port: number,
  scheme: "http" | "https",
): Promise<Endpoint> {
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on("connection", (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("error", () => {}).once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, host, resolve);
  });
  const { port: actual } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  const stopped = trackOpen(`endpoint on port ${actual}`, close);
  return {
    port: actual,
    get connections() {
      return connections;
    },
    get open() {
      return sockets.size;
    },
    url: (path, name = host.includes(":") ? `[${host}]` : host) =>
      `${scheme}://${name}:${actual}${path}`,
    stop: async () => {
      await close();
      stopped();
    },
  };
}

// Below the range that systems give out by themselves, so that nobody is given one of them meanwhile.
const FIRST_UNUSED = 15_000;
const UNUSED_PORTS = 15_000;
/** Each process begins elsewhere: those that run beside it would look at the same ports. */
let portsTried = (process.pid * 251) % UNUSED_PORTS;

/** A port that nobody listens on, another one with each call. */
export async function unusedPort(): Promise<number> {
  for (;;) {
    const port = FIRST_UNUSED + (portsTried++ % UNUSED_PORTS);
    try {
      const endpoint = await startTcpEndpoint(() => {}, { port });
      await endpoint.stop();
      return port;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    }
  }
}
