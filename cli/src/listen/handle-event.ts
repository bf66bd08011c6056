import type { RequestHeaders } from "@ringback/contracts/agents/request-headers";
import { TEST_CALL_PREFIX } from "@ringback/contracts/events/test-event";
import { z } from "zod";
import manifest from "../../package.json" with { type: "json" };
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command-context.ts";
import { eventPath } from "../options/event-id.ts";
import { withPayload } from "../output/json-line.ts";
import { prettyJson } from "../output/pretty-json.ts";
import type { Forwarder, ForwardResult } from "./forward.ts";
import { headersFor, withOwnHeaders } from "./listened-request.ts";
import type { Sign } from "./signature.ts";
import { subscriptionOf, type SubscriptionFacts } from "./subscription-of.ts";

/** An event as the stream shows it. */
export const headSchema = z.looseObject({
  event_id: z.string(),
  event_type: z.string(),
  agent_id: z.string(),
  call_id: z.string(),
});

export type Head = z.infer<typeof headSchema>;

/** Where events go, and how they are signed. */
export type Target = { readonly url: string; readonly secret: string; readonly sign: Sign };

export type Listening = {
  /** Without one, events are only printed. */
  readonly target: Target | undefined;
  readonly prints: boolean;
  readonly headers: RequestHeaders;
  readonly forwarder: Forwarder;
  /** Called once for an agent's headers that this key may not read. */
  readonly noteHidden: (agentId: string, names: readonly string[]) => void;
};

/** Forwards one event, or prints it; an event that cannot be read is reported, and the next events follow. */
export const handleEvent = async (
  head: Head,
  listening: Listening,
  context: CommandContext,
): Promise<void> => {
  const { client, terminal, interrupted: signal } = context;
  const { target, prints } = listening;
  let result: Forwarded | undefined;
  let payload: Uint8Array | undefined;
  try {
    payload = await client.bytes({ path: `${eventPath(head.event_id)}/payload`, signal });
    if (target !== undefined) {
      const subscription = await subscriptionOf(head.agent_id, head.event_type, context);
      result = await forward(head, payload, { ...listening, target, subscription }, context);
    }
  } catch (error) {
    if (signal.aborted || !(error instanceof CliError)) throw error;
    result = { kind: "no_response", reason: error.message, durationMs: 0, isSuccess: false };
  }
  if (terminal.isJson) {
    return terminal.line(jsonOf(head, result, prints ? payload : undefined));
  }
  terminal.line(lineOf(head, result, terminal));
  if (prints && payload !== undefined) {
    terminal.line(prettyJson(new TextDecoder().decode(payload)));
  }
};

/** `isSuccess`: the dispatcher would take it for delivered. */
type Forwarded = ForwardResult & { readonly isSuccess: boolean };

type Forwarding = Listening & {
  readonly target: Target;
  readonly subscription: SubscriptionFacts;
};

const forward = async (
  head: Head,
  body: Uint8Array,
  { target, subscription, headers: own, forwarder, noteHidden }: Forwarding,
  context: CommandContext,
): Promise<Forwarded> => {
  const { method, hidden, timeoutMs, isSuccess } = subscription;
  if (hidden.length > 0) noteHidden(head.agent_id, hidden);
  const headers = headersFor(withOwnHeaders(subscription.headers, own), {
    eventId: head.event_id,
    eventType: head.event_type,
    isTest: await isTest(head, context),
    body,
    nowMs: Date.now(),
    userAgent: `Ringback/${manifest.version}`,
    sign: target.sign,
  });
  const request = { method, url: target.url, headers, body, timeoutMs };
  const result = await forwarder.send(request, context.interrupted);
  return { ...result, isSuccess: result.kind === "response" && isSuccess(result.status) };
};

const listSchema = z.looseObject({
  events: z.array(z.looseObject({ event_id: z.string(), trigger: z.string() })),
});

/** The stream does not say it; a call of a test event has a name that few other calls have. */
const isTest = async (
  { event_id, call_id }: Head,
  { client, interrupted: signal }: CommandContext,
): Promise<boolean> => {
  if (!call_id.startsWith(TEST_CALL_PREFIX)) return false;
  const query = { call_id, limit: 200 };
  const { events } = await client.call({ path: "/events", query, signal }, listSchema);
  // The list may be a moment behind.
  return events.find((event) => event.event_id === event_id)?.trigger !== "event";
};

const jsonOf = (
  head: Head,
  result: Forwarded | undefined,
  payload: Uint8Array | undefined,
): string => {
  const { durationMs: duration_ms, isSuccess: _, ...rest } = result ?? {};
  const kind = result === undefined ? "event" : "forwarded";
  const value = { ...head, ...rest, kind, duration_ms };
  return payload === undefined ? JSON.stringify(value) : withPayload(value, payload);
};

const lineOf = (
  { event_id, event_type, agent_id }: Head,
  result: Forwarded | undefined,
  { style, isSeen }: CommandContext["terminal"],
): string => {
  const now = new Date();
  const clock = isSeen ? now.toTimeString().slice(0, 8) : now.toISOString();
  const event = `${style("dim", clock)} ${event_type} ${agent_id} ${event_id}`;
  if (result === undefined) return event;
  const word = result.kind === "response" ? String(result.status) : result.reason;
  return `${event} → ${style(result.isSuccess ? "green" : "red", word)} in ${result.durationMs} ms`;
};
