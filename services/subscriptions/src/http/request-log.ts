import type { FastifyInstance } from "fastify";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import type { ServedPaths } from "./paths.ts";

/** `route` is a pattern such as `/agent/v1/:agent_id`; undefined for a path that is not known. */
export type RequestMetrics = {
  /** Begins the series of a call at zero. */
  readonly served: (request: { readonly method: string; readonly route: string }) => void;
  readonly responded: (
    request: { readonly method: string; readonly route: string | undefined },
    status: number,
    seconds: number,
  ) => void;
};

/** One log line and one observation for each request, without anything that a customer wrote. */
export const recordRequests = (
  app: Pick<FastifyInstance, "addHook">,
  { log, metrics }: { readonly log: Logger; readonly metrics: RequestMetrics },
  paths: ServedPaths,
): void => {
  app.addHook("onReady", async () => {
    for (const [route, methods] of paths.ofApi()) {
      for (const method of methods) metrics.served({ method, route });
    }
  });
  app.addHook("onSend", async (request, reply) => {
    reply.header("x-request-id", request.id);
  });
  app.addHook("onResponse", async (request, reply) => {
    const { method } = request;
    const route = paths.patternOf(request);
    const isEndless = request.routeOptions.config.isEndless === true && reply.statusCode < 400;
    if (!isEndless) {
      metrics.responded({ method, route }, reply.statusCode, reply.elapsedTime / 1_000);
    }
    const fields = {
      request_id: request.id,
      method,
      route: route ?? "unknown",
      status: reply.statusCode,
      duration_ms: Math.round(reply.elapsedTime * 10) / 10,
      key_id: request.credential?.id,
      workspace_id: request.caller?.workspaceId,
      trace_id: request.span?.context.traceId,
    };
    log.info(fields, "http.request");
  });
};
