import type { EventType } from "@ringback/contracts/events/event-types";

/** What the API answered; `body` is parsed, and null where there is none. */
export interface Answer {
  readonly status: number;
  readonly contentType: string | null;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>> | null;
}

export interface CallInit {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | null;
}

export interface ApiClient {
  readonly get: (path: string) => Promise<Answer>;
  readonly post: (body: unknown) => Promise<Answer>;
  readonly patch: (body: unknown) => Promise<Answer>;
  readonly delete: (path: string) => Promise<Answer>;
  /** A request as it is, for what no well-behaved client sends. */
  readonly raw: (path: string, init?: CallInit) => Promise<Answer>;
}

const BASE_PATH = "/ca/api/v0";
const TIMEOUT_MS = 40_000;

/** Calls the API of a service with a key. */
export function apiClient(service: { httpUrl(path?: string): string }, key: string): ApiClient {
  const raw = (path: string, init: CallInit = {}) =>
    request(service.httpUrl(`${BASE_PATH}${path}`), {
      ...init,
      headers: { "x-api-key": key, ...init.headers },
    });
  const json = (method: string, path: string, body: unknown) =>
    raw(path, {
      method,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  return {
    get: (path) => raw(path),
    post: (body) => json("POST", "/agent/v1", body),
    patch: (body) => json("PATCH", "/agent/v1", body),
    delete: (path) => raw(path, { method: "DELETE" }),
    raw,
  };
}

/** Sends a request without any key. */
export async function request(url: string, init: CallInit): Promise<Answer> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
  const contentType = response.headers.get("content-type");
  // What has no end is not waited for.
  const isEndless = contentType?.startsWith("text/event-stream") === true;
  if (isEndless) await response.body?.cancel();
  const text = isEndless ? "" : await response.text();
  const body = text === "" ? null : (JSON.parse(text) as Record<string, unknown>);
  const { status, headers } = response;
  return { status, contentType, headers, body };
}

const USUAL_TYPES: readonly EventType[] = [
  "call_completed",
  "recording_completed",
  "platform_analysis_completed",
  "client_analysis_completed",
];

/** The body of an edit with one URL for some event types. */
export function editOf(
  agent_id: string,
  callback_url: string,
  event_type: EventType | readonly EventType[] = USUAL_TYPES,
) {
  const event_subscriptions = [{ event_type, callback_url }];
  return { operation: "edit_event_subscriptions", agent_id, event_subscriptions };
}

/** What `toMatchObject` is to find in an answer that tells of this problem. */
export function problem(status: number, code: string) {
  return {
    status,
    contentType: "application/problem+json; charset=utf-8",
    body: { type: `urn:ringback:problem:${code}`, status, code },
  };
}
