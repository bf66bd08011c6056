import { isDeepStrictEqual } from "node:util";
import type { Subscription } from "@ringback/contracts/agents/subscription";
import { DEMO_EVENT_TYPES, PLAN } from "./plan.ts";

const TIMEOUT_MS = 10_000;

/** The subscriptions service's API, as a customer with a key calls it. */
export type Api = { readonly url: string; readonly key: string; readonly signal?: AbortSignal };

/** Calls the API and returns the answer's JSON; any other status than `expected` is an error. */
const call = async (
  { url, key, signal }: Api,
  method: string,
  path: string,
  expected: number,
  body?: unknown,
): Promise<Readonly<Record<string, unknown>>> => {
  const deadline = AbortSignal.timeout(TIMEOUT_MS);
  const response = await fetch(`${url}/ca/api/v0${path}`, {
    method,
    headers: { "x-api-key": key, "content-type": "application/json" },
    body: body === undefined ? null : JSON.stringify(body),
    signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
  });
  const text = await response.text();
  if (response.status !== expected) {
    throw new Error(`${method} ${path}: ${response.status} ${text}; expected ${expected}`);
  }
  return JSON.parse(text) as Record<string, unknown>;
};

/** Registers an agent, as the platform does when a customer makes one. */
export const registerAgent = async (api: Api, agentId: string, name: string): Promise<void> => {
  const body = { agent_id: agentId, agent_display_name: name };
  const agent = await call(api, "POST", "/agent/v1", 201, body);
  expectEqual("POST /agent/v1: agent_id", agent["agent_id"], agentId);
};

/**
 * Subscribes every event type to its planned path of the receiver with one request, and checks that
 * the answer, and the agent when read again, say exactly that.
 */
export const subscribe = async (api: Api, agentId: string, receiverUrl: string): Promise<void> => {
  const event_subscriptions: Subscription[] = DEMO_EVENT_TYPES.map((event_type) => {
    const { path, headers, method } = PLAN[event_type];
    return { event_type, callback_url: `${receiverUrl}${path}`, headers, method_type: method };
  });
  const agent = await call(api, "PATCH", "/agent/v1", 200, {
    operation: "edit_event_subscriptions",
    agent_id: agentId,
    event_subscriptions,
  });
  const what = "event_subscriptions";
  expectEqual(`PATCH /agent/v1: ${what}`, agent[what], event_subscriptions);
  const again = await call(api, "GET", `/agent/v1/${agentId}`, 200);
  expectEqual(`GET /agent/v1/${agentId}: ${what}`, again[what], event_subscriptions);
};

const expectEqual = (what: string, found: unknown, expected: unknown): void => {
  if (isDeepStrictEqual(found, expected)) return;
  throw new Error(`${what}: ${JSON.stringify(found)}; expected ${JSON.stringify(expected)}`);
};

/** The page at an admin port's `/metrics`. */
export const metricsPage = async (adminUrl: string): Promise<string> => {
  const response = await fetch(`${adminUrl}/metrics`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (response.ok) return response.text();
  throw new Error(`GET ${adminUrl}/metrics: ${response.status}; expected 200`);
};
