import { randomUUID } from "node:crypto";
import fastify from "fastify";
import { serializerCompiler, type ZodTypeProvider } from "fastify-type-provider-zod";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import type { Tracer } from "@ringback/runtime/telemetry/tracer";
import { documentApi } from "./openapi/document.ts";
import { documentRoutes } from "./openapi/routes.ts";
import type { Credentials } from "./auth/credential.ts";
import { hideFromBoundCallers, type EndpointsInSight } from "./auth/bound-callers.ts";
import { requireCaller } from "./auth/caller.ts";
import { letConnectionsGo } from "./closing.ts";
import { errorHandler } from "./error-handler.ts";
import { MAX_BODY_BYTES, readJsonBodies, requireJson } from "./json-body.ts";
import { noteResponses, rejectExpectation, respondToMalformedHttp } from "./malformed-http.ts";
import { overloadBounds, refuseWhileOverloaded, type OverloadBounds } from "./overload.ts";
import { sendProblem } from "./problem.ts";
import { requestLimits } from "./rate-limits.ts";
import { recordRequests, type RequestMetrics } from "./request-log.ts";
import { shareRoom } from "./request-room.ts";
import { traceRequests } from "./request-trace.ts";
import { BASE_PATH, type Api, type Feature } from "./api.ts";
import { servedPaths } from "./paths.ts";
import { SECURITY_HEADERS, sendSecurityHeaders } from "./security-headers.ts";
import { validatorCompiler } from "./validation.ts";

/** What the frame of the API needs, whichever calls the features add. */
export type Frame = {
  readonly log: Logger;
  readonly known: Credentials;
  /** Without them, a caller that is bound to agents sees no endpoint. */
  readonly endpoints?: EndpointsInSight;
  readonly now: () => Date;
  readonly metrics: RequestMetrics;
  readonly requestsPerMinutePerKey: number;
  /** Networks whose `X-Forwarded-For` counts: it gives the address of each caller behind a proxy. */
  readonly trustedProxies?: readonly string[];
  readonly bounds?: AppBounds;
  /** Adds the pages that are served beside the API. */
  readonly pages?: Feature | undefined;
  /** Where requests are traced. */
  readonly tracer?: Tracer | undefined;
};

export type AppBounds = {
  /** For a whole request to arrive. */
  readonly requestMs: number;
  readonly overload: OverloadBounds;
};

/** The API with the calls of these features, not listening yet. */
export const buildApp = (deps: Frame, features: readonly Feature[]): Api => {
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
      connectionsCheckingInterval: requestMs / 10, // how late the response 408 may be
    },
    connectionTimeout: 30_000, // without a byte while a request is under way
    keepAliveTimeout: 75_000, // longer than load balancers keep theirs, so that they close first
    forceCloseConnections: "idle",
    return503OnClosing: false, // requests from before the close get their response
    clientErrorHandler: respondToMalformedHttp,
    frameworkErrors: (error, request, reply) => {
      // A path that cannot be decoded; hooks are not called for it.
      void handleError(error, request, reply.headers(SECURITY_HEADERS));
    },
    routerOptions: { maxParamLength: 16_384 }, // an id that is too long gets 404, as any other unknown id
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.decorateRequest("credential", null);
  app.decorateRequest("caller", null);
  app.setErrorHandler(handleError);
  const paths = servedPaths(app);
  app.setNotFoundHandler((request, reply) => {
    return sendProblem(reply, paths.notFound(request));
  });
  traceRequests(app, deps.tracer, paths);
  refuseWhileOverloaded(app, overload);
  app.server.on("checkExpectation", rejectExpectation);
  readJsonBodies(app);
  sendSecurityHeaders(app);
  noteResponses(app);
  letConnectionsGo(app, requestMs);
  recordRequests(app, deps, paths);
  documentApi(app);
  documentRoutes(app);
  deps.pages?.(app);
  void app.register(
    async (api: Api) => {
      const limits = await requestLimits(api, deps.requestsPerMinutePerKey);
      requireCaller(api, { known: deps.known, now: deps.now, limits });
      hideFromBoundCallers(api, deps.endpoints);
      shareRoom(api);
      requireJson(api);
      for (const addCalls of features) addCalls(api);
    },
    { prefix: BASE_PATH },
  );
  app.after(paths.refuseOtherMethods);
  return app;
};

const trustedIn = ({ trustedProxies: trusted }: Pick<Frame, "trustedProxies">) =>
  Array.isArray(trusted) && trusted.length > 0 ? [...trusted] : false;
