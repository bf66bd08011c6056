import swaggerUi from "@fastify/swagger-ui";
import { openLimit } from "../rate-limits.ts";
import { DOCS_PATH, DOCUMENT_PATH, type Api } from "../api.ts";

/**
 * The page may run scripts and load files of this origin, which responses of the API may not.
 * Swagger UI's style sheet holds its icons as `data:`.
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
 * `GET /openapi.json` and `GET /docs`, within the limit of requests without a key. They have a count of their
 * own, so that readers of the document use up nothing of the limit for wrong keys.
 */
export const documentRoutes = (app: Api): void => {
  void app.register(async (open: Api) => {
    open.addHook("onRequest", await openLimit(open));
    let text: string | undefined;
    open.get(DOCUMENT_PATH, { schema: { hide: true } }, async (_request, reply) => {
      text ??= JSON.stringify(app.swagger());
      return reply.type("application/json; charset=utf-8").send(text);
    });
    await open.register(swaggerUi, {
      routePrefix: DOCS_PATH,
      staticCSP: DOCS_CONTENT_SECURITY_POLICY,
      validatorUrl: false, // a validator would send the document's address to another service
      theme: { title: "Ringback API" },
      // Without the top bar, which loads other documents.
      uiConfig: { layout: "BaseLayout" },
    });
  });
};
