import { randomUUID } from "node:crypto";
import fastify from "fastify";
import { serializerCompiler, type ZodTypeProvider } from "fastify-type-provider-zod";
import type { Logger } from "@ringback/runtime/logger";
import type { ApiKeys } from "./api-keys.ts";
import { requireCaller } from "./caller.ts";
import { errorHandler, MAX_BODY_BYTES } from "./error-handler.ts";
import { answerMalformedHttp } from "./malformed-http.ts";
import type { SubscriptionsMetrics } from "./metrics.ts";
import { sendProblem } from "./problem.ts";
import { recordRequests } from "./request-log.ts";
import { BASE_PATH, type Api, type RouteDeps } from "./routes/api.ts";
import { deregisterAgentRoute } from "./routes/deregister-agent.ts";
import { getAgentRoute } from "./routes/get-agent.ts";
import { listAgentsRoute } from "./routes/list-agents.ts";
import { otherMethodsRoutes } from "./routes/methods.ts";
import { patchAgentRoute } from "./routes/patch-agent.ts";
import { registerAgentRoute } from "./routes/register-agent.ts";
import { validatorCompiler } from "./validation.ts";

export type AppDeps = RouteDeps & {
  readonly keys: () => ApiKeys;
  readonly metrics: SubscriptionsMetrics;
  readonly log: Logger;
};

/** The API, not listening yet. */
export const buildApp = (deps: AppDeps): Api => {
  const handleError = errorHandler(deps.log);
  const app = fastify({
    logger: false, // one line a request, in our own words: request-log.ts
    genReqId: () => randomUUID(),
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: 10_000, // to send a whole request
    connectionTimeout: 30_000, // without a byte while a request is under way
    keepAliveTimeout: 75_000, // longer than load balancers keep theirs, so that they close first
    forceCloseConnections: "idle",
    return503OnClosing: false, // what came before the door was closed is answered
    clientErrorHandler: answerMalformedHttp,
    frameworkErrors: (...args) => void handleError(...args), // a path that cannot be decoded
    routerOptions: { maxParamLength: 512 }, // ids have up to 128 characters
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.decorateRequest("caller", null);
  app.setErrorHandler(handleError);
  app.setNotFoundHandler((_request, reply) =>
    sendProblem(reply, { code: "not_found", detail: `All calls are below ${BASE_PATH}.` }),
  );
  acceptOnlyJson(app);
  letConnectionsGo(app);
  recordRequests(app, deps.log, deps.metrics);
  otherMethodsRoutes(app);
  void app.register(
    async (api: Api) => {
      requireCaller(api, deps.keys, deps.commands.now);
      patchAgentRoute(api, deps);
      registerAgentRoute(api, deps);
      getAgentRoute(api, deps);
      deregisterAgentRoute(api, deps);
      listAgentsRoute(api, deps);
    },
    { prefix: BASE_PATH },
  );
  return app;
};

/** Other types are refused; an empty body is one only where the call has none. */
const acceptOnlyJson = (app: Api): void => {
  const parse = app.getDefaultJsonParser("error", "error");
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "string" }, (request, body, done) => {
    if (body === "" && request.method === "DELETE") return done(null, undefined);
    return parse(request, body.toString(), done);
  });
};

/** Once closing, each answer is its connection's last: kept ones would hold the process back. */
const letConnectionsGo = (app: Api): void => {
  let isClosing = false;
  app.addHook("preClose", async () => {
    isClosing = true;
  });
  app.addHook("onSend", async (_request, reply) => {
    if (isClosing) reply.header("connection", "close");
  });
};
