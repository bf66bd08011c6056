import { z } from "zod";
import { CliError } from "./cli-error.ts";
import type { Connection } from "./connection.ts";

/** Calls the API with a key. */
export type ApiClient = {
  /** The response's JSON, parsed by the schema; throws for any status other than 2xx. */
  readonly call: <T>(call: Call, schema: z.ZodType<T>) => Promise<T>;
  /** The response itself, whatever its status. */
  readonly fetch: (call: Call) => Promise<Response>;
};

export type Call = {
  readonly method?: "GET" | "POST";
  /** Below the base path. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** For `call`, including the body; a test event waits for its endpoint. */
  readonly timeoutMs?: number;
};

const TIMEOUT_MS = 30_000;

export const apiClient = ({ url, key }: Connection): ApiClient => {
  const request = async (call: Call, signal: AbortSignal | undefined): Promise<Response> => {
    const { method = "GET", path, query = {}, body, headers } = call;
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) search.set(name, String(value));
    }
    const text = search.size === 0 ? "" : `?${search.toString()}`;
    return withNetworkErrors(call, () =>
      fetch(`${url}${path}${text}`, {
        method,
        headers: {
          "x-api-key": key,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(signal === undefined ? {} : { signal }),
      }),
    );
  };
  /** Turns network errors into messages for people; an abort by the caller stays as it is. */
  const withNetworkErrors = async <T>(call: Call, act: () => Promise<T>): Promise<T> => {
    try {
      return await act();
    } catch (error) {
      if (call.signal?.aborted === true) throw error;
      throw new CliError(`${url} cannot be reached: ${networkReason(error)}`);
    }
  };
  return {
    fetch: (call) => request(call, call.signal),
    call: async (call, schema) => {
      const deadline = AbortSignal.timeout(call.timeoutMs ?? TIMEOUT_MS);
      const signal = call.signal ? AbortSignal.any([call.signal, deadline]) : deadline;
      const response = await request(call, signal);
      if (!response.ok) throw await problemOf(response);
      const text = await withNetworkErrors(call, () => response.text());
      const parsed = schema.safeParse(jsonIn(text));
      if (parsed.success) return parsed.data;
      throw new CliError(`${url}${call.path} answered what is not understood here`);
    },
  };
};

const problemSchema = z.object({
  code: z.string(),
  detail: z.string(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});

/** The problem in a response of the API; the status alone where the body is no problem. */
export const problemOf = async (response: Response): Promise<CliError> => {
  const text = await response.text();
  const parsed = problemSchema.safeParse(jsonIn(text));
  if (!parsed.success) return new CliError(`the API answered ${response.status}`);
  const { code, detail, errors = [] } = parsed.data;
  const lines = errors.map(({ path, message }) => `  ${path}: ${message}`);
  return new CliError([`${detail} (${response.status} ${code})`, ...lines].join("\n"));
};

const jsonIn = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
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
