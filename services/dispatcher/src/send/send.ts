import { Pool } from "undici";
import type { AddressPolicy } from "@ringback/contracts/address";
import { urlParts, type UrlParts } from "@ringback/contracts/url-parts";
import { NO_ANSWER_IN_TIME, type SendResult } from "../decide/outcome.ts";
import type { DeliveryRequest } from "../decide/request.ts";
import type { BodyToSend } from "../held-body.ts";
import { keptHeaders } from "./answer.ts";
import type { EgressProxy } from "../decide/egress-proxy.ts";
import { exchange, type Exchanged } from "./exchange.ts";
import { guardedConnect } from "./guarded-connect.ts";
import { verdictOf } from "./network-error.ts";
import { createPools, type InUse, type Pools } from "./pools.ts";
import { nameResolver, type ResolverOptions } from "./resolve-name.ts";
import { trusting } from "./trusted-authorities.ts";

export type SenderOptions = AddressPolicy & {
  /** The operator's deadline. Where it is short, connecting is given up a little after it. */
  readonly usualTimeoutMs?: number;
  readonly maxConnectionsPerOrigin: number;
  /** Pools that are kept; at least the requests at once, so that an idle one can always go. */
  readonly maxPools?: number;
  readonly connectionTtlMs?: number;
  readonly names?: ResolverOptions;
  /** Certificates of authorities that are trusted beside those of Node.js. */
  readonly extraCa?: readonly string[];
  readonly proxy?: EgressProxy | undefined;
};

/** A request and whose it is: nothing is shared between workspaces, connections and lookups included. */
export type OutgoingRequest = Omit<DeliveryRequest, "body"> & {
  readonly body: BodyToSend;
  readonly workspaceId: string;
  /** From the start of the attempt to the answer's status and headers. */
  readonly timeoutMs: number;
};

export type Sent = {
  readonly result: SendResult;
  /** Resolves when the request holds no socket any more; soon after the result, but not before. */
  readonly released: Promise<void>;
};

export type Sender = {
  readonly send: (request: OutgoingRequest) => Promise<Sent>;
  /** The longest deadline of a request so far: those on their way end within it. */
  readonly longestTimeoutMs: () => number;
  readonly close: () => Promise<void>;
};

const CONNECT_TIMEOUT_MS = 5_000;

/** undici's timers count ticks of half a second: they may end this much before their time. */
const TIMER_TICKS_MS = 1_000;
const MAX_POOLS = 1_024;
/** Connections end then, so that a name's new address is soon the one that is used. */
const CONNECTION_TTL_MS = 60_000;

/** The one way out: first attempts, retries and all others go through `send`. */
export const createSender = (options: SenderOptions): Sender => {
  const {
    usualTimeoutMs = CONNECT_TIMEOUT_MS,
    maxPools = MAX_POOLS,
    extraCa = [],
    proxy,
  } = options;
  const { allowedPrivateCidrs, deniedCidrs = [], names: nameOptions } = options;
  const names = nameResolver(nameOptions ?? { useSystemNames: true });
  // Never before a short deadline: that one is exact, and says what the endpoint had.
  const connectTimeoutMs = Math.min(CONNECT_TIMEOUT_MS, usualTimeoutMs + TIMER_TICKS_MS);
  const secureContext = trusting(extraCa);
  const policy = { allowedPrivateCidrs, deniedCidrs, connectTimeoutMs, secureContext, proxy };
  const connectFor = guardedConnect(policy, names);
  const connectionTtlMs = options.connectionTtlMs ?? CONNECTION_TTL_MS;
  const pools = createPools({
    open: (workspaceId, origin) =>
      new Pool(origin, {
        connect: connectFor(workspaceId),
        connections: options.maxConnectionsPerOrigin,
        clientTtl: connectionTtlMs,
        pipelining: 1,
        allowH2: false,
        headersTimeout: 0, // undici's begins again with every 1xx answer: the deadline is ours
        bodyTimeout: 0,
        keepAliveTimeout: 4_000,
        keepAliveMaxTimeout: 15_000, // idle sockets hold descriptors that others may need
        maxHeaderSize: 32 * 1024,
      }),
    maxPools,
    idleMs: connectionTtlMs,
    now: () => performance.now(),
  });
  let longestTimeoutMs = usualTimeoutMs;
  return {
    send: (request) => {
      longestTimeoutMs = Math.max(longestTimeoutMs, request.timeoutMs);
      return sendOnce(pools, request);
    },
    longestTimeoutMs: () => longestTimeoutMs,
    close: async () => {
      names.close();
      await pools.destroy();
    },
  };
};

/** One request. Never throws for what a network or a server can do. */
const sendOnce = async (pools: Pools<Pool>, request: OutgoingRequest): Promise<Sent> => {
  const { workspaceId, method, body, timeoutMs } = request;
  const headers = withLength(request);
  const startedMs = performance.now();
  let inUse: InUse<Pool>;
  let url: UrlParts;
  try {
    url = urlParts(request.url) ?? new URL(request.url); // which says what is wrong with it
    inUse = pools.use(workspaceId, url.origin);
  } catch (error) {
    return { result: failure(error, 0), released: Promise.resolve() };
  }
  const { origin, pathname, search } = url;
  // undici sends what can be iterated, too; its types do not say so.
  const sendable = body as Uint8Array;
  const options = { origin, path: `${pathname}${search}`, method, headers, body: sendable };
  const { ended, released } = exchange(inUse.pool, options, timeoutMs);
  void released.then(inUse.done);
  const result = resultOf(await ended, startedMs, timeoutMs);
  return { result, released };
};

/** Of what is no buffer undici does not know the length. */
const withLength = ({ headers, body }: OutgoingRequest): OutgoingRequest["headers"] =>
  body instanceof Uint8Array ? headers : { ...headers, "content-length": String(body.byteLength) };

const resultOf = (end: Exchanged, startedMs: number, timeoutMs: number): SendResult => {
  const spentMs = Math.round((end.kind === "answered" ? end.atMs : performance.now()) - startedMs);
  switch (end.kind) {
    case "answered": {
      const { status, excerpt: bodyExcerpt } = end;
      const headers = keptHeaders(end.headers);
      return { kind: "response", status, headers, bodyExcerpt, durationMs: spentMs };
    }
    case "failed":
      return failure(end.error, spentMs);
    case "given_up": {
      if (end.why === "timeout") {
        const durationMs = Math.max(spentMs, timeoutMs);
        return noAnswer("timeout", NO_ANSWER_IN_TIME, durationMs);
      }
      return noAnswer("protocol", "too many 1xx answers", spentMs);
    }
    default:
      return end satisfies never;
  }
};

const noAnswer = (reason: "timeout" | "protocol", detail: string, durationMs: number) =>
  ({ kind: "no_response", reason, detail, unreachable: false, durationMs }) as const;

const failure = (error: unknown, durationMs: number): SendResult => {
  const verdict = verdictOf(error);
  return verdict.kind === "own_fault" ? verdict : { ...verdict, durationMs };
};
