import type { FastifyReply } from "fastify";
import { z } from "zod";
import { quoted } from "./decide/shown.ts";

const PROBLEMS = {
  bad_request: { status: 400, title: "The request cannot be understood" },
  invalid_json: { status: 400, title: "The body is not valid JSON" },
  unauthorized: { status: 401, title: "A valid API key is needed" },
  workspace_required: { status: 400, title: "An operator has to name the workspace" },
  operator_required: { status: 403, title: "Only operators may do this" },
  insufficient_scope: { status: 403, title: "The API key may not do this" },
  agent_not_allowed: { status: 403, title: "The API key is not for this agent" },
  not_found: { status: 404, title: "There is nothing at this path" },
  agent_not_found: { status: 404, title: "There is no such agent" },
  call_not_found: { status: 404, title: "There is no such call" },
  event_type_not_found: { status: 404, title: "There is no such event type" },
  event_not_found: { status: 404, title: "There is no such event" },
  endpoint_not_found: { status: 404, title: "There is no such endpoint" },
  dead_letter_not_found: { status: 404, title: "There is no such dead letter" },
  subscription_not_found: { status: 404, title: "There is no such subscription" },
  key_not_found: { status: 404, title: "There is no such key" },
  portal_session_not_found: { status: 404, title: "There is no such portal session" },
  redelivery_not_found: { status: 404, title: "There is no such redelivery" },
  method_not_allowed: { status: 405, title: "This path does not take this method" },
  agent_exists: { status: 409, title: "The agent is registered with another name" },
  endpoint_exists: { status: 409, title: "There is an endpoint with this uid already" },
  endpoint_disabled: { status: 409, title: "The endpoint is disabled" },
  no_portal: { status: 409, title: "There is no portal here" },
  reserved_agent: { status: 409, title: "The agent is the workspace's own" },
  subscription_exists: { status: 409, title: "There is a subscription already" },
  key_in_file: { status: 409, title: "The key is in the keys file" },
  key_expired: { status: 409, title: "The key has ended" },
  too_many_key_secrets: { status: 409, title: "The key has too many secrets at once" },
  too_many_signing_secrets: { status: 409, title: "Too many secrets sign at once" },
  event_type_built_in: { status: 409, title: "The event type is built in" },
  event_type_in_use: { status: 409, title: "The event type is subscribed" },
  event_differs: { status: 409, title: "The Idempotency-Key was used for another event" },
  delivery_in_progress: { status: 409, title: "The event is being delivered" },
  event_not_deliverable: { status: 409, title: "The event cannot be delivered" },
  too_many_redeliveries: { status: 429, title: "Too many redeliveries run at once" },
  too_many_test_events: { status: 429, title: "Too many test events are under way" },
  request_in_progress: { status: 409, title: "The same request is being carried out" },
  conflict: { status: 409, title: "Another change came in between" },
  request_timeout: { status: 408, title: "The request did not arrive in time" },
  precondition_failed: { status: 412, title: "It is not as If-Match says" },
  payload_too_large: { status: 413, title: "The body is too large" },
  unsupported_media_type: { status: 415, title: "The body must be JSON" },
  validation_failed: { status: 422, title: "The request is not valid" },
  expectation_failed: { status: 417, title: "The expectation cannot be met" },
  idempotency_key_reused: {
    status: 422,
    title: "The Idempotency-Key was used for another request",
  },
  duplicate_event_type: { status: 422, title: "An event type is named twice" },
  too_many_event_types: { status: 422, title: "The workspace has too many event types" },
  too_many_keys: { status: 422, title: "The workspace has too many keys" },
  too_many_agents: { status: 422, title: "The workspace has too many agents" },
  too_many_sessions: { status: 422, title: "The workspace has too many sessions" },
  too_many_endpoints: { status: 422, title: "The workspace has too many endpoints" },
  configuration_too_large: {
    status: 422,
    title: "The workspace's agents and endpoints take too much room",
  },
  too_many_changes: { status: 429, title: "There were too many changes" },
  too_many_requests: { status: 429, title: "There were too many requests" },
  too_many_streams: { status: 429, title: "There are too many streams open" },
  headers_too_large: { status: 431, title: "The headers are too large" },
  internal_error: { status: 500, title: "Something went wrong here" },
  unavailable: { status: 503, title: "The service cannot do this now" },
  overloaded: { status: 503, title: "The service has too much to do" },
  dispatchers_outdated: { status: 503, title: "A dispatcher of an earlier version still runs" },
  events_full: { status: 503, title: "There is no room for further events" },
} as const;

/** What programs tell problems apart by. Several codes may have the same status. */
export type ProblemCode = keyof typeof PROBLEMS;

/** Every code that there is. */
export const PROBLEM_CODES = Object.keys(PROBLEMS) as readonly ProblemCode[];

const fieldErrorSchema = z.object({
  path: z.string().meta({ description: "Such as `event_subscriptions.0.callback_url`" }),
  message: z.string(),
});

/** One thing that is wrong with a request; the path is such as `event_subscriptions.0.headers.Host`. */
export type FieldError = z.infer<typeof fieldErrorSchema>;

/** The body of every response that is an error (RFC 9457). */
export const problemSchema = z
  .object({
    type: z.string().meta({ description: "`urn:ringback:problem:` and the code" }),
    title: z.string().meta({ description: "The same words for every problem with this code" }),
    status: z.int().meta({ description: "The response's status" }),
    code: z.string().meta({ description: "What programs tell problems apart by" }),
    detail: z.string().meta({ description: "What is wrong in this case, for a person to read" }),
    errors: z
      .array(fieldErrorSchema)
      .optional()
      .meta({ description: "With status 422: all that is wrong with the request, by its place" }),
  })
  .meta({ id: "Problem", description: "Why a request was not carried out (RFC 9457)." });

/** The responses of every call that is not carried out, for its schema. */
export const problemResponses = { "4xx": problemSchema, "5xx": problemSchema } as const;

/** Why a request was not carried out, with words for this case. */
export type Problem = {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly errors?: readonly FieldError[];
};

const HEADERS: Partial<Record<ProblemCode, readonly [string, string]>> = {
  unauthorized: ["www-authenticate", "Bearer"],
  unavailable: ["retry-after", "1"],
  overloaded: ["retry-after", "5"],
  dispatchers_outdated: ["retry-after", "10"],
  request_in_progress: ["retry-after", "1"],
  events_full: ["retry-after", "60"],
};

/** The header that responses with this code have besides, and its value. */
export const headerOf = (code: ProblemCode) => HEADERS[code];

export const PROBLEM_MEDIA_TYPE = "application/problem+json";

export const PROBLEM_CONTENT_TYPE = `${PROBLEM_MEDIA_TYPE}; charset=utf-8`;

/** A problem as callers read it. */
export const problemBody = ({ code, detail, errors }: Problem) => ({
  type: `urn:ringback:problem:${code}`,
  ...PROBLEMS[code],
  code,
  detail,
  ...(errors === undefined ? {} : { errors }),
});

/** Responds with a problem; `more` are members of its own (RFC 9457 section 3.2). */
export const sendProblem = (
  reply: Pick<FastifyReply, "code" | "header" | "type" | "send">,
  problem: Problem,
  more: object = {},
) => {
  const header = headerOf(problem.code);
  if (header !== undefined) reply.header(...header);
  const body = { ...problemBody(problem), ...more };
  return reply.code(body.status).type(PROBLEM_CONTENT_TYPE).send(body);
};

const MAX_ID_CHARACTERS = 128;

/** The problem of an unknown agent, or of an agent that was unknown at a time. */
export const agentNotFound = (agentId: string, at?: string): Problem => {
  const isLong = agentId.length > MAX_ID_CHARACTERS; // longer than any id
  const name = isLong ? `${agentId.slice(0, MAX_ID_CHARACTERS)}…` : agentId;
  const detail =
    at === undefined
      ? `There is no agent '${name}' in this workspace.`
      : `There was no agent '${name}' in this workspace at ${at}.`;
  return { code: "agent_not_found", detail };
};

/** The problem of an unknown endpoint, or of one that was unknown at a time. */
export const endpointNotFound = (idOrUid: string, at?: string): Problem => ({
  code: "endpoint_not_found",
  detail:
    at === undefined
      ? `There is no endpoint ${quoted(idOrUid)} in this workspace.`
      : `There was no endpoint ${quoted(idOrUid)} in this workspace at ${at}.`,
});

/** The problem of a call without events, or of another workspace's call. */
export const callNotFound = (callId: string, keptMs: number): Problem => ({
  code: "call_not_found",
  detail: `There is no event of a call ${quoted(callId)} in this workspace: events are kept for ${spanText(keptMs)}.`,
});

/** The problem of an unknown event: one that is gone, or one of a stream that was made again since. */
export const eventNotFound = (eventId: string, keptMs: number): Problem => ({
  code: "event_not_found",
  detail: `There is no event ${quoted(eventId)} in this workspace: events are kept for ${spanText(keptMs)}.`,
});

const SPANS = { day: 86_400_000, hour: 3_600_000, minute: 60_000, second: 1_000 } as const;

/** A duration for a person: `7 days`, `36 hours`. */
const spanText = (ms: number): string => {
  const whole = Object.entries(SPANS).find(([, size]) => ms % size === 0 && ms >= size);
  const [unit, size] = whole ?? (["second", SPANS.second] as const);
  const count = Math.round(ms / size);
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
};

/** The problem of an event that was not given up, or whose dead letter is gone. */
export const deadLetterNotFound = (eventId: string): Problem => ({
  code: "dead_letter_not_found",
  detail: `There is no dead letter of an event ${quoted(eventId)} in this workspace.`,
});
