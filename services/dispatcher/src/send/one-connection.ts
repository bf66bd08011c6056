import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { Client, type buildConnector, type Dispatcher } from "undici";
import { responseHeads } from "./response-heads.ts";

/** A request to undici with a deadline. */
export type TimedRequest = Dispatcher.DispatchOptions & {
  /** When its wait for a connection ends, by `performance.now()`. */
  readonly deadlineMs: number;
  /** When it was known last that this process is to send it, by `elapsedMs()`. */
  readonly checkedMs: number;
};

/** The connection that a request goes over: the second argument of `onRequestStart`. */
export type Connection = {
  /** Requests that went over it, this one included. */
  readonly requests: number;
  /** Whether any byte has arrived since this request began. */
  readonly hasReceived: () => boolean;
};

/** Opens a connection before its request's deadline. */
export type TimedConnect = (
  options: buildConnector.Options & { readonly deadlineMs: number },
  callback: buildConnector.Callback,
) => void;

/**
 * undici's client of one connection, for one request at a time. It passes more on than undici does: the request's
 * deadline to the connector, and the connection to the request's handler.
 */
export const oneConnection = (
  origin: string | URL,
  options: Omit<Client.Options, "connect">,
  connect: TimedConnect,
): Client => {
  let deadlineMs = 0;
  let watched: WatchedSocket | undefined;
  const client = new Client(origin, {
    ...options,
    pipelining: 1,
    connect: (at, callback) =>
      connect({ ...at, deadlineMs }, (...[error, socket]) => {
        if (error !== null) return callback(error, null);
        watched = watchedSocket(socket);
        callback(null, socket);
      }),
  });
  const dispatch = client.dispatch.bind(client);
  client.dispatch = (request: Dispatcher.DispatchOptions | TimedRequest, handler) => {
    if ("deadlineMs" in request) ({ deadlineMs } = request);
    return dispatch(request, {
      ...handler,
      onRequestStart: (controller) => handler.onRequestStart?.(controller, watched?.begin()),
    });
  };
  return client;
};

type WatchedSocket = { readonly begin: () => Connection };

/** undici reads by `read()` alone: there the heads of responses are repaired. */
const watchedSocket = (socket: Socket): WatchedSocket => {
  const heads = responseHeads();
  const read = socket.read.bind(socket) as (size?: number) => Buffer | null;
  let requests = 0;
  let hasReceived = false;
  socket.read = (size?: number): Buffer | null => {
    for (;;) {
      const chunk = read(size);
      if (chunk === null) return null;
      hasReceived = true;
      const seen = heads.take(chunk);
      if (seen !== undefined) return seen;
    }
  };
  return {
    begin: () => {
      requests += 1;
      hasReceived = false;
      heads.expectOne();
      return { requests, hasReceived: () => hasReceived };
    },
  };
};
