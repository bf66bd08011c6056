import type { FastifyInstance } from "fastify";
import { readTraceContext } from "@ringback/contracts/trace-context";
import type { Span, Tracer } from "@ringback/runtime/telemetry/tracer";
import type { ServedPaths } from "./paths.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Where requests are traced. */
    span: Span | null;
  }
}

/**
 * A span for each request, under the caller's `traceparent` where there is one. It has the route's pattern and
 * not the path: nothing that a caller wrote.
 */
export const traceRequests = (
  app: Pick<FastifyInstance, "addHook" | "decorateRequest">,
  tracer: Tracer | undefined,
  { patternOf }: Pick<ServedPaths, "patternOf">,
): void => {
  app.decorateRequest("span", null);
  if (tracer === undefined) return;
  app.addHook("onRequest", async (request) => {
    const { method, headers } = request;
    const route = patternOf(request);
    // Node joins two `traceparent` headers with a comma, which is no valid one.
    const parent = readTraceContext((name) => String(headers[name] ?? ""));
    const attributes = {
      "http.request.method": method,
      "http.route": route,
      "url.scheme": "http",
      "ringback.request_id": request.id,
    };
    const name = route === undefined ? method : `${method} ${route}`;
    request.span = tracer.start(name, { kind: "server", attributes, parent });
  });
  app.addHook("onRequestAbort", async ({ span }) => {
    span?.fail("aborted");
    span?.end();
  });
  app.addHook("onResponse", async ({ span, caller, credential }, { statusCode }) => {
    if (span === null) return;
    span.set({
      "http.response.status_code": statusCode,
      "ringback.workspace_id": caller?.workspaceId,
      "ringback.key_id": credential?.id,
    });
    // OpenTelemetry's conventions for HTTP: a status 4xx is no error of the server.
    if (statusCode >= 500) span.fail(String(statusCode));
    span.end();
  });
};
