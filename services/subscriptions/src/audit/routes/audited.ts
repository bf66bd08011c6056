import type { FastifyRequest } from "fastify";

declare module "fastify" {
  interface FastifyContextConfig {
    /**
     * What the audit says of a call whose method does not: `payloads` and `secrets` are reads that show them,
     * `nothing` is neither a change nor such a read. Without it GET is nothing, and any other method is a change.
     */
    audited?: "change" | "payloads" | "secrets" | "nothing";
  }
}

export type Audited = "change" | "payloads" | "secrets" | "nothing";

/** What the audit says of a request's call. */
export const auditedAs = ({
  method,
  routeOptions,
}: Pick<FastifyRequest, "method" | "routeOptions">): Audited => {
  const isRead = method === "GET" || method === "HEAD" || method === "OPTIONS";
  return routeOptions.config.audited ?? (isRead ? "nothing" : "change");
};
