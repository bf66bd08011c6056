import type { FastifyInstance } from "fastify";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import type { SubscriptionsMetrics } from "../metrics.ts";

/** One log line and one observation for each request; nothing that a customer wrote is in them. */
export const recordRequests = (
  app: Pick<FastifyInstance, "addHook">,
  log: Logger,
  metrics: SubscriptionsMetrics,
): void => {
  app.addHook("onSend", async (request, reply) => {
    reply.header("x-request-id", request.id);
  });
  app.addHook("onResponse", async (request, reply) => {
    const { method } = request;
    const route = request.routeOptions.url;
    const isEndless = request.routeOptions.config.isEndless === true && reply.statusCode < 400;
    if (!isEndless) {
      metrics.answered({ method, route }, reply.statusCode, reply.elapsedTime / 1_000);
    }
    const fields = {
      request_id: request.id,
      method,
      route: route ?? "unknown",
      status: reply.statusCode,
      duration_ms: Math.round(reply.elapsedTime * 10) / 10,
      key_id: request.caller?.keyId,
      workspace_id: request.caller?.workspaceId,
    };
    log.info(fields, "http.request");
  });
};
