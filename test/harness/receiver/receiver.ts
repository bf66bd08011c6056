import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { actOut } from "./act-out.ts";
import { type Behaviour, pathnameOf, type RequestHead, type Script, status } from "./behaviour.ts";
import { eventually } from "../eventually.ts";
import { trackOpen } from "../process/open-resources.ts";

/** A request as it was received. */
export interface ReceivedRequest extends RequestHead {
  /** Empty where the script did not let it be read. */
  readonly body: Buffer;
  /** When the exchange was over, answered or broken off; `null` while it is open. */
  readonly closedAtMs: number | null;
}

export interface ReceiverOptions {
  readonly tls?: { readonly certPem: string; readonly keyPem: string };
}

export interface Receiver {
  readonly port: number;
  /** TCP connections accepted so far, with or without a request. */
  readonly connections: number;
  /** In the order in which they were read to the end, as far as their script lets them be. */
  readonly requests: readonly ReceivedRequest[];
  /** The address of a path at 127.0.0.1, or at another name for the same machine. */
  url(path: string, host?: string): string;
  /** Requests to this path; the query counts only when `path` has one. */
  requestsTo(path: string): ReceivedRequest[];
  /** Waits for at least `n` requests (to the path, if given) and gives them. */
  received(
    n: number,
    options?: { readonly path?: string; readonly timeoutMs?: number },
  ): Promise<ReceivedRequest[]>;
  /** From the next request on; the counts of `nth` go on. */
  setScript(script: Behaviour | Script): void;
  /** Stops listening and destroys all connections. */
  stop(): Promise<void>;
}

/** Everything that the server's callbacks share. */
interface ReceiverState {
  script: Script;
  accepted: number;
  readonly requests: ReceivedRequest[];
  /** Open connections by the client's port: under TLS a request shows another socket object. */
  readonly sockets: Map<number, { readonly id: number; readonly socket: Socket }>;
  readonly seenByPath: Map<string, number>;
}

/** Starts an HTTP(S) server on 127.0.0.1 that records requests and answers by a script (200). */
export async function startReceiver(
  script: Behaviour | Script = status(200),
  { tls }: ReceiverOptions = {},
): Promise<Receiver> {
  const state: ReceiverState = {
    script: asScript(script),
    accepted: 0,
    requests: [],
    sockets: new Map(),
    seenByPath: new Map(),
  };
  // No limits of Node's own: only the script decides how long anything takes.
  const limits = { requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 60_000 };
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    void receive(state, request, response);
  };
  const server: Server =
    tls === undefined
      ? createServer(limits, answer)
      : createTlsServer({ ...limits, cert: tls.certPem, key: tls.keyPem }, answer);
  server.on("connection", (socket: Socket) => keepTrack(state, socket));
  const port = await listen(server);
  const stopped = trackOpen(`receiver on port ${port}`, () => close(server, state));
  const origin = (host: string): string =>
    `${tls === undefined ? "http" : "https"}://${host}:${port}`;
  return {
    port,
    get connections() {
      return state.accepted;
    },
    requests: state.requests,
    url: (path, host = "127.0.0.1") => `${origin(host)}${path}`,
    requestsTo: (path) => requestsTo(state, path),
    received: (n, options) => received(state, n, options),
    setScript(next) {
      state.script = asScript(next);
    },
    async stop() {
      await close(server, state);
      stopped();
    },
  };
}

function asScript(script: Behaviour | Script): Script {
  return typeof script === "function" ? script : () => script;
}

/** A broken connection is what many tests are about: the client's side of it is what they look at. */
function ignore(): void {}

function keepTrack(state: ReceiverState, socket: Socket): void {
  state.accepted += 1;
  const clientPort = socket.remotePort ?? -1;
  state.sockets.set(clientPort, { id: state.accepted, socket });
  socket.on("error", ignore);
  socket.once("close", () => {
    if (state.sockets.get(clientPort)?.socket === socket) state.sockets.delete(clientPort);
  });
}

async function receive(
  state: ReceiverState,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { socket } = request;
  const connection = state.sockets.get(socket.remotePort ?? -1);
  const head: RequestHead = {
    atMs: Date.now(),
    method: request.method ?? "",
    path: request.url ?? "",
    headers: request.headers,
    rawHeaders: request.rawHeaders,
    connection: connection?.id ?? 0,
  };
  if (socket.listenerCount("error", ignore) === 0) socket.on("error", ignore);
  const behaviour = state.script(head, countPath(state, head.path));
  const isRead = behaviour.kind !== "reset_before_reading";
  const body = isRead ? await bodyOf(request) : Buffer.alloc(0);
  // A request that the client broke off was never received.
  if (body === null) return;
  const recorded = { ...head, body, closedAtMs: null as number | null };
  response.once("close", () => {
    recorded.closedAtMs = Date.now();
  });
  state.requests.push(recorded);
  const reset = (): void => {
    connection?.socket.resetAndDestroy();
  };
  actOut(behaviour, { response, socket, reset });
}

function countPath(state: ReceiverState, path: string): number {
  const name = pathnameOf(path);
  const nth = (state.seenByPath.get(name) ?? 0) + 1;
  state.seenByPath.set(name, nth);
  return nth;
}

async function bodyOf(request: IncomingMessage): Promise<Buffer | null> {
  try {
    return Buffer.concat(await request.toArray());
  } catch {
    return null;
  }
}

function requestsTo(state: ReceiverState, path: string): ReceivedRequest[] {
  const seenAs = path.includes("?") ? (full: string): string => full : pathnameOf;
  return state.requests.filter((request) => seenAs(request.path) === path);
}

async function received(
  state: ReceiverState,
  n: number,
  { path, timeoutMs = 30_000 }: { readonly path?: string; readonly timeoutMs?: number } = {},
): Promise<ReceivedRequest[]> {
  const poll = (): ReceivedRequest[] => {
    const found = path === undefined ? [...state.requests] : requestsTo(state, path);
    if (found.length < n) throw new Error(`${found.length} so far`);
    return found;
  };
  const what = `${n} requests${path === undefined ? "" : ` to ${path}`}`;
  return eventually(poll, { timeoutMs, intervalMs: 5, what });
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

async function close(server: Server, state: ReceiverState): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  for (const { socket } of state.sockets.values()) socket.destroy();
  await closed;
}
