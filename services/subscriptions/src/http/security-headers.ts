import type { FastifyInstance } from "fastify";

/**
 * Headers of every response, so that no browser reads it as HTML or a script, frames it, caches it, or repeats
 * the request without TLS. Written by hand: a JSON API needs only these five.
 */
export const SECURITY_HEADERS = {
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "strict-transport-security": "max-age=31536000; includeSubDomains",
  "referrer-policy": "no-referrer",
} as const;

/** Adds them to all responses of fastify. */
export const sendSecurityHeaders = (app: Pick<FastifyInstance, "addHook">): void => {
  app.addHook("onSend", async (_request, reply) => {
    reply.headers(SECURITY_HEADERS);
  });
};
