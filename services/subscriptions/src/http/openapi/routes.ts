import swaggerUi from "@fastify/swagger-ui";
import { sendTooManyRequests } from "../auth/caller.ts";
import { openLimit } from "../rate-limits.ts";
import { DOCS_PATH, DOCUMENT_PATH, type Api } from "../api.ts";

/**
 * What the page may do, which is more than an answer of the API may: run and load what comes from here.
 * Swagger UI's icons are in its style sheet as `data:`.
 */
const DOCS_CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/**
 * `GET /openapi.json` and `GET /docs`, as often as strangers may ask. Counted apart, so that readers
 * use up nothing of what is left to those who mistype a key.
 */
export const documentRoutes = (app: Api): void => {
  void app.register(async (open: Api) => {
    const count = await openLimit(open);
    open.addHook("onRequest", async (request, reply) => {
      const waitSeconds = await count(request);
      if (waitSeconds === undefined) return undefined;
      return sendTooManyRequests(reply, "this address", waitSeconds);
    });
    let text: string | undefined;
    open.get(DOCUMENT_PATH, { schema: { hide: true } }, async (_request, reply) => {
      text ??= JSON.stringify(app.swagger());
      return reply.type("application/json; charset=utf-8").send(text);
    });
    await open.register(swaggerUi, {
      routePrefix: DOCS_PATH,
      staticCSP: DOCS_CONTENT_SECURITY_POLICY,
      validatorUrl: false, // it would send the document's address to a service elsewhere
      theme: { title: "Ringback API" },
      // Without the bar at the top, in which other documents could be loaded.
      uiConfig: { layout: "BaseLayout" },
    });
  });
};
