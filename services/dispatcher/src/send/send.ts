import { Pool, type Client, type Dispatcher } from "undici";
import type { AddressPolicy } from "@ringback/contracts/address/address";
import { elapsedMs } from "@ringback/runtime/process/elapsed";
import { urlParts } from "@ringback/contracts/address/url-parts";
import { keptHeaders } from "./response.ts";
import type { EgressProxy } from "./decide/egress-proxy.ts";
import { exchange, type Exchange, type Exchanged } from "./exchange.ts";
import { guardedConnect, trustStore, type GuardedConnect } from "./guarded-connect.ts";
import { verdictOf } from "./network-error.ts";
import { oneConnection } from "./one-connection.ts";
import { createPools, type Pools } from "./pools.ts";
import type { OutgoingRequest } from "./request.ts";
import { nameResolver, type ResolverOptions } from "./resolve-name.ts";
import { NO_RESPONSE_IN_TIME, type SendResult } from "./result.ts";

export type SenderOptions = AddressPolicy & {
  /** The operator's deadline. */
  readonly defaultTimeoutMs?: number;
  readonly maxConnectionsPerOrigin: number;
  /** At least the requests at once, so that there is always an idle one to close. */
  readonly maxPools?: number;
  readonly connectionTtlMs?: number;
  readonly names?: ResolverOptions;
  /** Certificates of authorities that are trusted beside those of Node.js. */
  readonly extraCa?: readonly string[];
  readonly proxy?: EgressProxy | undefined;
};

export type Sent = {
  readonly result: SendResult;
  /** Resolves when the request holds no socket any more; soon after the result, but not before. */
  readonly released: Promise<void>;
};

export type Sender = {
  readonly send: (request: OutgoingRequest) => Promise<Sent>;
  /** The longest deadline of a request so far: all requests in flight end within it. */
  readonly longestTimeoutMs: () => number;
  readonly close: () => Promise<void>;
};

const CONNECT_TIMEOUT_MS = 5_000;
const MAX_POOLS = 1_024;
/** Bounds how long a connection outlives a change of its name's address. */
const CONNECTION_TTL_MS = 60_000;

const CLIENT_OPTIONS = {
  allowH2: false,
  headersTimeout: 0, // undici's restarts with every 1xx response: the deadline is ours
  bodyTimeout: 0,
  keepAliveTimeout: 4_000,
  keepAliveMaxTimeout: 15_000, // idle sockets hold descriptors that others may need
  maxHeaderSize: 32 * 1024,
} as const;

/** The only way out: every request goes through `send`. */
export const createSender = (options: SenderOptions): Sender => {
  const { defaultTimeoutMs = CONNECT_TIMEOUT_MS, maxPools = MAX_POOLS, extraCa = [] } = options;
  const { allowedPrivateCidrs, deniedCidrs = [], names: nameOptions, proxy } = options;
  const names = nameResolver(nameOptions ?? { useSystemNames: true });
  const secureContext = trustStore(extraCa);
  const addresses = { allowedPrivateCidrs, deniedCidrs, proxy };
  const connectTimeoutMs = CONNECT_TIMEOUT_MS;
  const connectFor = guardedConnect({ ...addresses, secureContext, connectTimeoutMs }, names);
  const connectionTtlMs = options.connectionTtlMs ?? CONNECTION_TTL_MS;
  const pools = createPools({
    open: (workspaceId, origin) =>
      new Pool(origin, {
        factory: (at) => oneConnection(at, CLIENT_OPTIONS, connectFor(workspaceId)),
        connections: options.maxConnectionsPerOrigin,
        clientTtl: connectionTtlMs,
      }),
    maxPools,
    idleMs: connectionTtlMs,
    now: () => performance.now(),
  });
  const fresh = freshClients(connectFor);
  let longestTimeoutMs = defaultTimeoutMs;
  return {
    send: (request) => {
      longestTimeoutMs = Math.max(longestTimeoutMs, request.timeoutMs);
      return sendOnce(request.isRetry === true ? fresh : pools, fresh, request);
    },
    longestTimeoutMs: () => longestTimeoutMs,
    close: async () => {
      names.close();
      await Promise.all([pools.destroy(), fresh.destroy()]);
    },
  };
};

/** Where a request gets its connection. */
type Connections = Pick<Pools<Dispatcher>, "use">;

/** A fresh connection for each request, used once. */
const freshClients = (connectFor: GuardedConnect): Connections & Pick<Pools<Client>, "destroy"> => {
  const clients = new Set<Client>();
  return {
    use: (workspaceId, origin) => {
      const client = oneConnection(origin, CLIENT_OPTIONS, connectFor(workspaceId));
      clients.add(client);
      const done = (): void => {
        clients.delete(client);
        void client.destroy();
      };
      return { pool: client, done };
    },
    destroy: async () => {
      await Promise.all([...clients].map((client) => client.destroy()));
    },
  };
};

/** One request, or the same once more on a fresh connection. Never throws for what a network or a server can do. */
const sendOnce = async (
  connections: Connections,
  fresh: Connections,
  request: OutgoingRequest,
): Promise<Sent> => {
  const { method, timeoutMs } = request;
  const headers = withLength(request);
  // undici sends what can be iterated, too; its types do not say so.
  const body = request.body as Uint8Array;
  const startedMs = performance.now();
  const deadlineMs = startedMs + timeoutMs;
  const exchangeOver = (from: Connections, checkedMs = elapsedMs()): Exchange => {
    const { origin, pathname, search } = urlParts(request.url) ?? new URL(request.url); // which says what is wrong
    const { pool, done } = from.use(request.workspaceId, origin);
    const reset = from === fresh;
    const path = `${pathname}${search}`;
    const timed = { deadlineMs, checkedMs };
    const made = exchange(pool, { origin, path, method, headers, body, reset, ...timed });
    void made.released.finally(done);
    return made;
  };
  let first: Exchange;
  try {
    first = exchangeOver(connections, request.checkedMs);
  } catch (error) {
    return { result: failure(error, 0), released: Promise.resolve() };
  }
  const end = await first.ended;
  if (!wasClosedWithoutResponse(end) || performance.now() >= deadlineMs) {
    return { result: resultOf(end, startedMs, timeoutMs), released: first.released };
  }
  const second = exchangeOver(fresh);
  const result = resultOf(await second.ended, startedMs, timeoutMs);
  const isResent = result.kind !== "platform_fault";
  return {
    result: isResent ? { ...result, resent: true } : result,
    released: Promise.all([first.released, second.released]).then(() => undefined),
  };
};

/**
 * The endpoint closed a reused connection just as this request left, without a response. Many servers close idle
 * connections like that: it says nothing of the endpoint (RFC 9112, 9.3.1).
 */
const wasClosedWithoutResponse = (end: Exchanged): boolean => {
  if (end.kind !== "failed" || !end.isReusedWithoutResponse) return false;
  const verdict = verdictOf(end.error);
  return verdict.kind === "no_response" && verdict.reason === "connection_reset";
};

/** undici knows the length of buffers only. */
const withLength = ({ headers, body }: OutgoingRequest): OutgoingRequest["headers"] =>
  body instanceof Uint8Array ? headers : { ...headers, "content-length": String(body.byteLength) };

const resultOf = (end: Exchanged, startedMs: number, timeoutMs: number): SendResult => {
  const spentMs = Math.round((end.kind === "responded" ? end.atMs : performance.now()) - startedMs);
  switch (end.kind) {
    case "responded": {
      const { status, text: bodyText } = end;
      const headers = keptHeaders(end.headers);
      return { kind: "response", status, headers, bodyText, durationMs: spentMs };
    }
    case "failed":
      return failure(end.error, spentMs);
    case "aborted": {
      if (end.reason === "timeout") {
        const durationMs = Math.max(spentMs, timeoutMs);
        return noResponse("timeout", NO_RESPONSE_IN_TIME, durationMs);
      }
      return noResponse("protocol", "too many 1xx answers", spentMs);
    }
    default:
      return end satisfies never;
  }
};

const noResponse = (reason: "timeout" | "protocol", detail: string, durationMs: number) =>
  ({ kind: "no_response", reason, detail, unreachable: false, durationMs }) as const;

const failure = (error: unknown, durationMs: number): SendResult => {
  const verdict = verdictOf(error);
  return verdict.kind === "platform_fault" ? verdict : { ...verdict, durationMs };
};
