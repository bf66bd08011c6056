import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTcpServer, type AddressInfo } from "node:net";
import { arrivalLog, type Arrivals } from "./arrivals.ts";
import { answerCalls } from "./calls.ts";
import { monotonicUs } from "./clock.ts";
import { agentInPath, MARK_CHARACTERS, markIn } from "./payload.ts";

/** How an endpoint answers: 200, 503, never, or 200 after a while. */
export type Manner = "ok" | "refuses" | "hangs" | { readonly okAfterMs: number };

export type ReceiverCalls = {
  /** Opens this many origins on loopback, and says which. */
  readonly listen: (input: { readonly first: number; readonly count: number }) => Promise<string[]>;
  /** How these agents' endpoints answer from now on. */
  readonly behave: (input: {
    readonly from: number;
    readonly count: number;
    readonly manner: Manner;
  }) => void;
  /** Requests so far. */
  readonly count: (input: undefined) => number;
  /** Keeps when each request came from now on, or nothing but the number of them. */
  readonly keep: (input: { readonly arrivals: boolean }) => void;
  /** What was kept since the last time. */
  readonly take: (input: undefined) => Arrivals;
};

const isOk = (manner: Manner): boolean => manner === "ok" || typeof manner === "object";

const manners = new Map<number, Manner>();
const log = arrivalLog();
let isKept = false;
let count = 0;

const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
  const arrivedUs = monotonicUs();
  const arrivedWallMs = Date.now();
  const agent = agentInPath(request.url ?? "/");
  const manner = manners.get(agent) ?? "ok";
  count += 1;
  if (isKept) {
    request.once("data", (chunk: Buffer) => {
      const mark = markIn(chunk.toString("latin1", 0, MARK_CHARACTERS));
      if (mark === undefined) return;
      log.add({ ...mark, agent, arrivedUs, arrivedWallMs, isAccepted: isOk(manner) });
    });
  }
  request.resume();
  request.once("error", () => response.destroy());
  if (manner === "hangs") return;
  const status = isOk(manner) ? 200 : 503;
  const answer = (): void => void response.writeHead(status, { "content-length": "0" }).end();
  request.once("end", () => {
    if (typeof manner === "object") setTimeout(answer, manner.okAfterMs);
    else answer();
  });
};

// One HTTP server behind all addresses: they differ in where they listen and in nothing else.
const http = createServer(onRequest);
http.on("clientError", (_, socket) => socket.destroy());

/** All of 127.0.0.0/8 is loopback: each endpoint gets an address of its own, all on one port. */
const loopback = (n: number): string => `127.1.${(n >> 8) & 255}.${n & 255}`;

const listenAt = async (n: number, port: number): Promise<number> => {
  const server = createTcpServer({ noDelay: true }, (socket) => http.emit("connection", socket));
  server.listen({ port, host: loopback(n), backlog: 1_024 });
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
};

const calls: ReceiverCalls = {
  listen: async ({ first, count: wanted }) => {
    const origins: string[] = [];
    let port = 0;
    for (let n = first; n < first + wanted; n += 1) {
      port = await listenAt(n, port);
      origins.push(`http://${loopback(n)}:${port}`);
    }
    return origins;
  },
  behave: ({ from, count: how, manner }) => {
    for (let agent = from; agent < from + how; agent += 1) manners.set(agent, manner);
  },
  count: () => count,
  keep: ({ arrivals }) => {
    isKept = arrivals;
  },
  take: () => log.take(),
};

answerCalls(calls);
