import type { FastifyReply, FastifyRequest, HTTPMethods } from "fastify";
import { BASE_PATH, DOCS_PATH, type Api } from "./api.ts";
import { quoted } from "./decide/shown.ts";
import { likelyCalls } from "./decide/likely-paths.ts";
import { sendProblem, type Problem } from "./problem.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** The route only says that its path does not take its method. */
    isRefusal?: boolean;
  }
}

/** The paths that an app serves, and the methods that each takes. */
export type ServedPaths = {
  /** Those of the API, by patterns such as `/ca/api/v0/agent/:agent_id`. */
  readonly ofApi: () => ReadonlyMap<string, readonly HTTPMethods[]>;
  /** The pattern of a request's path, also where the path does not take the method. */
  readonly patternOf: (request: FastifyRequest) => string | undefined;
  /** The problem of a request for a path where there is nothing. */
  readonly notFound: (request: Pick<FastifyRequest, "url" | "method">) => Problem;
  /** Responds 405 with `Allow` to other methods; call it once all routes are registered. */
  readonly refuseOtherMethods: () => void;
};

/** Notes each route that is registered from now on. */
export const servedPaths = (app: Api): ServedPaths => {
  const paths = new Map<string, readonly HTTPMethods[]>();
  const matchers: { readonly pattern: string; readonly matches: RegExp }[] = [];
  app.addHook("onRoute", ({ url: pattern, method, config }) => {
    if (pattern.startsWith(`${DOCS_PATH}/`) || config?.isRefusal === true) return;
    if (!paths.has(pattern) && pattern.includes(":")) {
      matchers.push({ pattern, matches: new RegExp(`^${pattern.replaceAll(/:\w+/g, "[^/]*")}$`) });
    }
    paths.set(pattern, [...(paths.get(pattern) ?? []), method].flat().toSorted());
  });
  const patternOf = ({ is404, routeOptions, url }: FastifyRequest): string | undefined => {
    if (!is404) return routeOptions.url;
    // The router has decoded the path; a query may hold what cannot be decoded.
    const [encoded = ""] = url.split(/[?#]/);
    const path = decodeURI(encoded);
    return paths.has(path) ? path : matchers.find(({ matches }) => matches.test(path))?.pattern;
  };
  return {
    ofApi: () => new Map([...paths].filter(([pattern]) => pattern.startsWith(BASE_PATH))),
    patternOf,
    notFound: ({ url, method }) => {
      const [path = ""] = url.split("?"); // without the query, which may hold secrets
      const known = [...paths].filter(([pattern]) => pattern.startsWith(BASE_PATH));
      const all = known.map(([pattern, methods]) => ({ pattern, methods }));
      const likely = likelyCalls({ method, path }, BASE_PATH, all).join(", ");
      const detail = `There is nothing at ${quoted(path)}. Likely calls: ${likely}. All are at ${DOCS_PATH}.`;
      return { code: "not_found", detail };
    },
    refuseOtherMethods: () => {
      for (const [url, methods] of paths) refuseShadowed(app, url, methods);
      app.addHook("onRequest", async (request, reply) => {
        const methods = request.is404 ? paths.get(patternOf(request) ?? "") : undefined;
        return methods === undefined ? undefined : sendNotAllowed(reply, methods);
      });
    },
  };
};

/** Registers a 405 where the router would take the path for another pattern: `GET /agent/v1` is no agent `v1`. */
const refuseShadowed = (app: Api, url: string, methods: readonly HTTPMethods[]): void => {
  for (const method of app.supportedMethods) {
    if (methods.includes(method) || app.findRoute({ method, url }) === null) continue;
    app.route({
      method,
      url,
      config: { isRefusal: true },
      schema: { hide: true },
      exposeHeadRoute: false,
      onRequest: (_request, reply) => sendNotAllowed(reply, methods),
      handler: () => undefined,
    });
  }
};

const sendNotAllowed = async (reply: FastifyReply, methods: readonly HTTPMethods[]) => {
  const allow = methods.join(", ");
  const detail = `This path takes ${allow}.`;
  return sendProblem(reply.header("allow", allow), { code: "method_not_allowed", detail });
};
