import { promisify } from "node:util";
import { gzip } from "node:zlib";
import fastify from "fastify";
import type { Metrics } from "../telemetry/metrics.ts";

/** Checks one condition: returns what is wrong, or undefined. */
type Check = () => string | undefined;

/** What must hold before a process is ready, by the names that `ringback_ready` has for it. */
export type Readiness = Readonly<Record<string, Check>>;

/** Exports why a process is not ready, as a probe's answer is gone with the probe. */
export const exportReadiness = ({ gaugeBy }: Metrics, ready: Readiness): void => {
  gaugeBy(
    "ringback_ready",
    "By reason: 1, or 0 while that keeps this process from being ready",
    "reason",
    () => new Map(Object.entries(ready).map(([reason, check]) => [reason, check() ? 0 : 1])),
  );
};

export type AdminServer = { readonly url: string; readonly close: () => Promise<void> };

export type AdminServerOptions = {
  readonly host: string;
  readonly port: number;
  readonly metrics: Metrics;
  /** Whether this process works; they must not depend on anything outside it. */
  readonly live: readonly Check[];
  /** Whether this process can do its work now. */
  readonly ready: Readiness;
};

/** A whole request must arrive within this time, as on the API's port. */
const REQUEST_MS = 10_000;

const compress = promisify(gzip);

/** A page of many series is twenty times smaller with it; Prometheus asks for it. */
const acceptsGzip = (header: string | string[] | undefined): boolean =>
  [header ?? []]
    .flat()
    .join(",")
    .split(",")
    .some((coding) => /^\s*gzip\s*(;\s*q=(?!0(\.0*)?\s*$).*)?$/i.test(coding));

/** Serves `/livez`, `/readyz` and `/metrics`. Rejects when it cannot listen on the port. */
export const startAdminServer = async (options: AdminServerOptions): Promise<AdminServer> => {
  const app = fastify({
    logger: false,
    forceCloseConnections: true,
    requestTimeout: REQUEST_MS,
    http: {
      requestTimeout: REQUEST_MS,
      headersTimeout: REQUEST_MS,
      connectionsCheckingInterval: REQUEST_MS / 10, // how late the response 408 may be
    },
    connectionTimeout: 30_000, // without a byte while a request is under way
    keepAliveTimeout: 75_000, // longer than what scrapes and probes keep theirs
  });
  const probe = (path: string, checks: readonly Check[]): void => {
    app.get(path, async (_request, reply) => {
      const reasons = checks.map((check) => check()).filter((reason) => reason !== undefined);
      const status = reasons.length === 0 ? "ok" : "failed";
      return reply.code(reasons.length === 0 ? 200 : 503).send({ status, reasons });
    });
  };
  probe("/livez", options.live);
  probe("/readyz", Object.values(options.ready));
  app.get("/metrics", async ({ headers }, reply) => {
    const { contentType, text } = await options.metrics.page(headers.accept);
    reply.header("content-type", contentType).header("vary", "accept, accept-encoding");
    if (!acceptsGzip(headers["accept-encoding"])) return reply.send(text);
    return reply.header("content-encoding", "gzip").send(await compress(text));
  });
  const url = await app.listen({ host: options.host, port: options.port });
  return { url, close: () => app.close() };
};
