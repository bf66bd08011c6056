import createClient from "openapi-fetch";
import { keepToken, currentToken } from "../session/token.ts";
import { currentWorkspace } from "../session/workspace.ts";
import { noteConnection } from "./connection.ts";
import { problemIn, ProblemError } from "./problem.ts";
import type { paths } from "./schema.gen.ts";

/** Where the calls of the API are: the origin of the page. */
export const BASE_PATH = "/ca/api/v0";

const TIMEOUT_MS = 30_000;

/** Called when the API no longer knows who asks: the key or session was revoked, or has ended. */
let onSignedOut = (): void => undefined;
export const whenSignedOut = (listener: () => void): void => {
  onSignedOut = listener;
};

/** One request with the caller's headers. Throws a `ProblemError` for a refusal, another error where nobody responded. */
export const requestApi = async (input: Request, isEndless = false): Promise<Response> => {
  const token = currentToken();
  if (token !== null) input.headers.set("authorization", `Bearer ${inHeader(token)}`);
  const workspace = currentWorkspace();
  if (workspace !== undefined) input.headers.set("x-workspace-id", inHeader(workspace));
  const response = await reach(input, isEndless);
  if (response.ok) return response;
  const body: unknown = await response.json().catch(() => undefined);
  if (response.status === 401 && token !== null && token === currentToken()) {
    keepToken(null);
    onSignedOut();
  }
  const waitS = Number(response.headers.get("retry-after") ?? Number.NaN);
  throw new ProblemError(
    problemIn(body, response.status),
    Number.isFinite(waitS) ? waitS * 1_000 : undefined,
  );
};

/** Somebody may have typed or pasted anything: what no header can hold is no key and no workspace, and the API says so. */
const inHeader = (text: string): string => text.replaceAll(/[^\u0021-\u007E]/gu, "?");

const reach = async (input: Request, isEndless: boolean): Promise<Response> => {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), TIMEOUT_MS);
  try {
    const response = await fetch(input, { signal: AbortSignal.any([input.signal, late.signal]) });
    // What has no end is only waited for until it begins.
    if (isEndless) clearTimeout(timer);
    if (isOfProxy(response)) throw new Error(`a proxy responds with status ${response.status}`);
    noteConnection("reachable");
    return response;
  } catch (error) {
    if (input.signal.aborted) throw error;
    noteConnection("away");
    throw new Error("The API cannot be reached.", { cause: error });
  }
};

/** A proxy that stands before a stopped API responds for it: by its own status, or with a page for people. */
const isOfProxy = ({ status, headers }: Response): boolean => {
  const type = headers.get("content-type") ?? "";
  return (
    status === 502 ||
    status === 504 ||
    (status === 503 && !type.includes("json")) ||
    type.startsWith("text/html")
  );
};

/** The API's calls, typed by its OpenAPI document. A refusal is thrown, so `data` is always there. */
export const api = createClient<paths>({
  baseUrl: location.origin + BASE_PATH,
  fetch: (request) => requestApi(request),
  querySerializer: { array: { style: "form", explode: true } },
});

/** The body of a response that was not refused. */
export const dataOf = async <T>(
  call: Promise<{ data?: T | undefined }>,
): Promise<NonNullable<T>> => {
  const { data } = await call;
  if (data === undefined || data === null) throw new Error("The API responded without a body.");
  return data;
};

/** The text of a response, as it came. */
export const textOf = async (path: string, signal?: AbortSignal): Promise<string> => {
  const request = new Request(location.origin + BASE_PATH + path, { signal: signal ?? null });
  return (await requestApi(request)).text();
};
