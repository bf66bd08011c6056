import type { RouteOptions } from "fastify";
import { problemsOfHeaders, type Responses, type Documented, type PlainSchema } from "./headers.ts";
import {
  headerOf,
  problemBody,
  PROBLEM_MEDIA_TYPE,
  type Problem,
  type ProblemCode,
} from "../problem.ts";

/** Problems of every call. A malformed HTTP request reaches no call, so its problems are not among them. */
const OF_EVERY_CALL: readonly ProblemCode[] = [
  "bad_request",
  "unauthorized",
  "insufficient_scope", // also for X-Workspace-Id with another workspace
  "too_many_requests",
  "internal_error",
  "unavailable",
  "overloaded",
];

const OF_BODIES: readonly ProblemCode[] = [
  "invalid_json",
  "request_timeout",
  "payload_too_large",
  "unsupported_media_type",
  "validation_failed",
];

/** Every problem that a route can respond with, by its schemas, scope and own list. */
const problemCodesOf = ({ schema, config }: Pick<RouteOptions, "schema" | "config">) => {
  const documented: Documented = config?.documented ?? {};
  const codes: readonly ProblemCode[] = [
    ...OF_EVERY_CALL,
    ...(schema?.body === undefined ? [] : OF_BODIES),
    ...(schema?.querystring === undefined ? [] : (["validation_failed"] as const)),
    ...(config?.operator === true ? (["operator_required"] as const) : []),
    ...(config?.operator === true || config?.workspace === "or_none"
      ? []
      : (["workspace_required"] as const)),
    ...(config?.isOfAllAgents === true ? (["agent_not_allowed"] as const) : []),
    ...problemsOfHeaders(documented),
    ...(documented.problems ?? []),
  ];
  return [...new Set(codes)];
};

/** Adds a route's problems and the scope of its key to its schema. */
export const withProblems = (schema: PlainSchema, route: RouteOptions): PlainSchema => {
  const { "4xx": ofCaller, "5xx": ofService, ...responses } = schema.response ?? {};
  // A test finds routes that do not declare them.
  const hasProblems = ofCaller !== undefined && ofService !== undefined;
  const scope = route.config?.permission ?? "admin";
  return {
    ...schema,
    description: [schema.description ?? "", scopeText(route)].join("\n\n").trim(),
    security: [{ apiKey: [scope] }, { bearer: [scope] }],
    response: { ...responses, ...(hasProblems ? problemResponsesOf(problemCodesOf(route)) : {}) },
  };
};

const scopeText = ({ config }: RouteOptions): string => {
  const { permission = "admin", operator } = config ?? {};
  if (permission === "any") return "Every key may call this.";
  return `Scope: \`${permission}\`${operator === true ? ", of an operator" : ""}.`;
};

const problemResponsesOf = (codes: readonly ProblemCode[]): Responses => {
  const bodies = codes.map((code) => problemBody(exampleOf(code)));
  const byStatus = Map.groupBy(bodies, ({ status }) => status);
  return Object.fromEntries(byStatus.entries().map(([status, all]) => [status, responseOf(all)]));
};

type ProblemBody = ReturnType<typeof problemBody>;

const responseOf = (bodies: readonly ProblemBody[]) => {
  const examples = bodies.map((body) => [body.code, { summary: body.title, value: body }]);
  const schema = {
    allOf: [
      { $ref: "#/components/schemas/Problem" },
      { type: "object", properties: { code: { enum: bodies.map(({ code }) => code) } } },
    ],
  };
  return {
    description: `${bodies.map(({ title }) => title).join(". Or: ")}.`,
    headers: headersOf(bodies),
    content: { [PROBLEM_MEDIA_TYPE]: { schema, examples: Object.fromEntries(examples) } },
  };
};

const RETRY_AFTER = { type: "integer", minimum: 1, description: "Seconds to wait." };
const WWW_AUTHENTICATE = { type: "string", const: "Bearer", description: "How to send the key." };

const headersOf = (bodies: readonly ProblemBody[]) => {
  const names = new Set(bodies.map(({ code }) => headerOf(code)?.[0]));
  // How long to wait depends on the case, so the code alone does not give this header.
  const waits = names.has("retry-after") || bodies.some(({ status }) => status === 429);
  if (names.has("www-authenticate")) return { "WWW-Authenticate": WWW_AUTHENTICATE };
  return waits ? { "Retry-After": RETRY_AFTER } : undefined;
};

const DETAILS: Partial<Record<ProblemCode, string>> = {
  agent_not_allowed:
    "The key is bound to some agents, and the request names others: nothing was done.",
  agent_not_found: "There is no agent 'agent-8' in this workspace.",
  insufficient_scope: "This call needs a key with the scope write.",
  operator_required: "This call needs a key of an operator.",
  workspace_required: "Name the workspace as X-Workspace-Id: this key is of an operator.",
  invalid_json: "The body is not valid JSON at position 61 (line 3 column 5).",
  payload_too_large: "The body is larger than 262144 bytes.",
  precondition_failed:
    "Agent 'agent-7' is at ETag \"8\", which If-Match does not name: nothing was changed.",
  too_many_requests: "Too many requests for this key; retry after 12 s.",
  unauthorized: "Send a valid key as X-API-KEY, or as Authorization: Bearer.",
  validation_failed: "See errors for everything that is wrong.",
};

const exampleOf = (code: ProblemCode): Problem => {
  const detail = DETAILS[code] ?? `${problemBody({ code, detail: "" }).title}.`;
  if (code !== "validation_failed") return { code, detail };
  const message = "must be one of call_completed, recording_completed, …";
  return { code, detail, errors: [{ path: "event_types.0", message }] };
};
