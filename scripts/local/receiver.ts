import { once } from "node:events";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";

/** A request as an endpoint saw it; times are of `performance.now()`. */
export type ReceivedRequest = {
  readonly path: string;
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly status: number;
  readonly arrivedMs: number;
  readonly answeredMs: number;
};

export type ReceiverOptions = {
  /** 0: any free one. */
  readonly port: number;
  /** The status for the `nth` request (from 1) to a path. */
  readonly statusFor: (path: string, nth: number) => number;
  readonly onRequest?: (request: ReceivedRequest) => void;
};

export type Receiver = AsyncDisposable & {
  /** Its origin, without a slash at the end. */
  readonly url: string;
};

/** A customer's endpoint on loopback that answers at once with the statuses it was given. */
export const startReceiver = async (options: ReceiverOptions): Promise<Receiver> => {
  const counts = new Map<string, number>();
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const arrivedMs = performance.now();
    const { url: path = "/", method = "", headers } = request;
    const nth = (counts.get(path) ?? 0) + 1;
    counts.set(path, nth);
    const body = await bodyOf(request);
    const status = options.statusFor(path, nth);
    const answeredMs = performance.now();
    response.writeHead(status).end();
    options.onRequest?.({ path, method, headers, body, status, arrivedMs, answeredMs });
  };
  const server = createServer((request, response) => {
    // It fails only when the sender went away: nobody is left to answer.
    answer(request, response).catch(() => response.destroy());
  });
  server.listen(options.port, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
};

/** The status that a path ends with, as in `/webhooks/503`; 200 for every other path. */
export const statusInPath = (path: string): number => {
  const [, status] = /\/([2-5]\d\d)(?:\?|$)/.exec(path) ?? [];
  return Number(status ?? 200);
};

const bodyOf = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
};
