import { setTimeout as wait } from "node:timers/promises";
import { parseExact } from "@ringback/contracts/json/exact-json";
import type { z } from "zod";
import { CliError } from "../cli-error.ts";
import type { Connection } from "./connection.ts";
import { ApiError, problemOf } from "./problem.ts";
import { bytesIn, notTheApi } from "./response.ts";

/** Calls the API with a key. */
export type ApiClient = {
  /** The response's JSON, parsed by the schema, with every digit of its numbers; throws for any status other than 2xx. */
  readonly call: <T>(call: Call, schema: z.ZodType<T>) => Promise<T>;
  /** The response's body as it came; throws for any status other than 2xx. */
  readonly bytes: (call: Call) => Promise<Uint8Array<ArrayBuffer>>;
  /** The response itself, whatever its status. */
  readonly fetch: (call: Call) => Promise<Response>;
};

export type Call = {
  readonly method?: "GET" | "POST" | "PATCH" | "DELETE";
  /** Below the base path. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  /** Sent as JSON; bytes as they are. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Not for `fetch`; includes the body. A test event waits for its endpoint. */
  readonly timeoutMs?: number;
};

const TIMEOUT_MS = 30_000;

/** Problems of a moment, for which the API did nothing: the same request is sent again. */
const NOTHING_WAS_DONE = new Set(["overloaded", "too_many_requests"]);
const MAX_REPEATS = 3;
const MIN_WAIT_MS = 500;
const MAX_WAIT_MS = 5_000;

export const apiClient = (connection: Connection): ApiClient => {
  const received = async (call: Call): Promise<Uint8Array<ArrayBuffer>> => {
    for (let left = MAX_REPEATS; ; left -= 1) {
      try {
        return await receivedOnce(connection, call);
      } catch (error) {
        if (left === 0 || !(error instanceof ApiError) || !NOTHING_WAS_DONE.has(error.code)) {
          throw error;
        }
        const waitMs = Math.min(MAX_WAIT_MS, Math.max(MIN_WAIT_MS, error.retryAfterMs));
        await wait(waitMs, undefined, call.signal === undefined ? {} : { signal: call.signal });
      }
    }
  };
  return {
    fetch: (call) => withNetworkErrors(connection, call, () => send(connection, call, call.signal)),
    bytes: received,
    call: async (call, schema) => {
      const parsed = schema.safeParse(parseExact(await received(call)));
      if (parsed.success) return parsed.data;
      throw notTheApi(`${connection.url}${call.path}`, "what is not understood here");
    },
  };
};

const receivedOnce = async (
  connection: Connection,
  call: Call,
): Promise<Uint8Array<ArrayBuffer>> => {
  const deadline = AbortSignal.timeout(call.timeoutMs ?? TIMEOUT_MS);
  const signal = call.signal ? AbortSignal.any([call.signal, deadline]) : deadline;
  return withNetworkErrors(connection, call, async () => {
    const response = await send(connection, call, signal);
    if (!response.ok) throw await problemOf(response);
    return bytesIn(response);
  });
};

const send = (
  { url, key, workspace }: Connection,
  { method = "GET", path, query = {}, body, headers }: Call,
  signal: AbortSignal | undefined,
): Promise<Response> => {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) search.set(name, String(value));
  }
  const text = search.size === 0 ? "" : `?${search.toString()}`;
  return fetch(`${url}${path}${text}`, {
    method,
    // The key is for this address alone, and `fetch` would hand it on.
    redirect: "manual",
    headers: {
      "x-api-key": key,
      ...(workspace === undefined ? {} : { "x-workspace-id": workspace }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: bodyOf(body) }),
    ...(signal === undefined ? {} : { signal }),
  });
};

const bodyOf = (body: unknown): string | Uint8Array<ArrayBuffer> =>
  body instanceof Uint8Array ? new Uint8Array(body) : JSON.stringify(body);

/** Turns network errors into messages for people; an abort by the caller stays as it is. */
const withNetworkErrors = async <T>(
  { url }: Connection,
  { signal }: Call,
  act: () => Promise<T>,
): Promise<T> => {
  try {
    return await act();
  } catch (error) {
    if (error instanceof CliError || signal?.aborted === true) throw error;
    throw new CliError(
      `nothing answers at ${url} (${networkReason(error)}): start it (make up), or give its address with RINGBACK_API_URL or --api`,
    );
  }
};

/** Node's `fetch` keeps the reason in its error's chain of causes. */
export const networkReason = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return "no answer in time";
  if (error instanceof AggregateError && error.errors.length > 0) {
    return networkReason(error.errors[0]);
  }
  if (error.cause !== undefined) return networkReason(error.cause);
  return error.message === "" ? error.name : error.message;
};
