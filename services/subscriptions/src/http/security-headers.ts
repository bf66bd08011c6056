import type { FastifyInstance } from "fastify";

/**
 * Headers of every answer. By hand, as there are five and a JSON API has no page for the rest: nothing
 * is to be taken for HTML or a script, framed, kept by a cache, or asked for again without TLS.
 */
export const SECURITY_HEADERS = {
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "strict-transport-security": "max-age=31536000; includeSubDomains",
  "referrer-policy": "no-referrer",
} as const;

/** Adds them to all that fastify answers. */
export const sendSecurityHeaders = (app: Pick<FastifyInstance, "addHook">): void => {
  app.addHook("onSend", async (_request, reply) => {
    reply.headers(SECURITY_HEADERS);
  });
};
