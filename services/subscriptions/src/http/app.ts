import { randomUUID } from "node:crypto";
import fastify from "fastify";
import { serializerCompiler, type ZodTypeProvider } from "fastify-type-provider-zod";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import type { Tracer } from "@ringback/runtime/telemetry/tracing";
import { documentApi } from "./openapi/document.ts";
import { documentRoutes } from "./openapi/routes.ts";
import type { ApiKeys } from "./auth/api-keys.ts";
import { requireCaller } from "./auth/caller.ts";
import { letConnectionsGo } from "./closing.ts";
import { errorHandler } from "./error-handler.ts";
import { MAX_BODY_BYTES, readJsonBodies, requireJson } from "./json-body.ts";
import { answerExpectation, answerMalformedHttp, setAnswered } from "./malformed-http.ts";
import type { SubscriptionsMetrics } from "../metrics.ts";
import { overloadBounds, refuseWhileOverloaded, type OverloadBounds } from "./overload.ts";
import { sendProblem, shownText } from "./problem.ts";
import { requestLimits } from "./rate-limits.ts";
import { recordRequests } from "./request-log.ts";
import { shareRoom } from "./request-room.ts";
import { traceRequests } from "./request-trace.ts";
import { BASE_PATH, type Api, type RouteDeps } from "./api.ts";
import { deregisterAgentRoute } from "../agents/routes/deregister-agent.ts";
import { agentsEnvelopeRoutes } from "../agents/routes/agents-envelope.ts";
import { agentHistoryRoute } from "../agents/routes/agent-history.ts";
import { eventAttemptsRoute } from "../events/routes/event-attempts.ts";
import { eventTypesRoutes } from "../events/routes/event-types.ts";
import { getAgentRoute } from "../agents/routes/get-agent.ts";
import { getCallEventsRoute } from "../events/routes/get-call-events.ts";
import { getDeadLetterRoute } from "../events/routes/get-dead-letter.ts";
import { getEventRoute } from "../events/routes/get-event.ts";
import { listAgentsRoute } from "../agents/routes/list-agents.ts";
import { listRoutes } from "../list-routes.ts";
import { otherMethodsRoutes, PATHS } from "./methods.ts";
import { patchAgentRoute } from "../agents/routes/patch-agent.ts";
import { postEventsRoute } from "../publishing/routes/post-events.ts";
import { redeliverEventRoute } from "../redelivery/routes/redeliver-event.ts";
import { redeliveriesRoutes } from "../redelivery/routes/jobs.ts";
import { registerAgentRoute } from "../agents/routes/register-agent.ts";
import { streamRoute } from "../live/routes/stream.ts";
import { SECURITY_HEADERS, sendSecurityHeaders } from "./security-headers.ts";
import { sendTestEventRoute } from "../redelivery/routes/send-test-event.ts";
import { validatorCompiler } from "./validation.ts";

export type AppDeps = RouteDeps & {
  readonly keys: () => ApiKeys;
  readonly metrics: SubscriptionsMetrics;
  readonly log: Logger;
  readonly requestsPerMinutePerKey: number;
  /** Networks whose `X-Forwarded-For` is believed: strangers behind a proxy are told apart by it. */
  readonly trustedProxies?: readonly string[];
  readonly bounds?: AppBounds;
  /** Where requests are traced. */
  readonly tracer?: Tracer | undefined;
};

export type AppBounds = {
  /** For a whole request to arrive. */
  readonly requestMs: number;
  readonly overload: OverloadBounds;
};

/** The API, not listening yet. */
export const buildApp = (deps: AppDeps): Api => {
  const handleError = errorHandler(deps.log);
  const { requestMs, overload } = deps.bounds ?? { requestMs: 10_000, overload: overloadBounds() };
  const app = fastify({
    logger: false, // one line a request, in our own words: request-log.ts
    genReqId: () => randomUUID(),
    trustProxy: trustedIn(deps),
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: requestMs,
    http: {
      requestTimeout: requestMs,
      headersTimeout: requestMs,
      connectionsCheckingInterval: requestMs / 10, // how late the answer 408 may be
    },
    connectionTimeout: 30_000, // without a byte while a request is under way
    keepAliveTimeout: 75_000, // longer than load balancers keep theirs, so that they close first
    forceCloseConnections: "idle",
    return503OnClosing: false, // what came before the door was closed is answered
    clientErrorHandler: answerMalformedHttp,
    frameworkErrors: (error, request, reply) => {
      // A path that cannot be decoded; hooks are not called for it.
      void handleError(error, request, reply.headers(SECURITY_HEADERS));
    },
    routerOptions: { maxParamLength: 16_384 }, // too long an id is no agent's, like any other
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.decorateRequest("caller", null);
  app.setErrorHandler(handleError);
  app.setNotFoundHandler((request, reply) => {
    const [path = ""] = request.url.split("?"); // a query may hold what is no log's or answer's business
    const paths = Object.keys(PATHS).map((one) => one.replaceAll(/:(\w+)/g, "{$1}"));
    const detail = `There is nothing at ${shownText(path)}: the paths are ${paths.join(", ")}.`;
    return sendProblem(reply, { code: "not_found", detail });
  });
  traceRequests(app, deps.tracer);
  refuseWhileOverloaded(app, overload);
  app.server.on("checkExpectation", answerExpectation);
  readJsonBodies(app);
  sendSecurityHeaders(app);
  noteAnswers(app);
  letConnectionsGo(app, requestMs);
  recordRequests(app, deps.log, deps.metrics);
  otherMethodsRoutes(app);
  documentApi(app);
  documentRoutes(app);
  void app.register(
    async (api: Api) => {
      const { keys, commands, requestsPerMinutePerKey } = deps;
      const limits = await requestLimits(api, requestsPerMinutePerKey);
      requireCaller(api, { keys, now: commands.now, limits });
      shareRoom(api);
      requireJson(api);
      addRoutes(api, deps);
    },
    { prefix: BASE_PATH },
  );
  return app;
};

const trustedIn = ({ trustedProxies: trusted }: Pick<AppDeps, "trustedProxies">) =>
  Array.isArray(trusted) && trusted.length > 0 ? [...trusted] : false;

const addRoutes = (api: Api, deps: RouteDeps): void => {
  patchAgentRoute(api, deps);
  registerAgentRoute(api, deps);
  getAgentRoute(api, deps);
  deregisterAgentRoute(api, deps);
  listAgentsRoute(api, deps);
  agentsEnvelopeRoutes(api, deps);
  listRoutes(api, deps);
  agentHistoryRoute(api, deps);
  getCallEventsRoute(api, deps);
  getEventRoute(api, deps);
  eventAttemptsRoute(api, deps);
  getDeadLetterRoute(api, deps);
  eventTypesRoutes(api, deps);
  postEventsRoute(api, deps);
  streamRoute(api, deps);
  redeliverEventRoute(api, deps);
  redeliveriesRoutes(api, deps);
  sendTestEventRoute(api, deps);
};

/** For `answerMalformedHttp`: a body that still drips in after its answer gets no second one. */
const noteAnswers = (app: Api): void => {
  app.addHook("onRequest", async ({ raw }) => setAnswered(raw.socket, false));
  app.addHook("onResponse", async ({ raw }) => setAnswered(raw.socket, !raw.complete));
};
