import fastifyStatic from "@fastify/static";
import type { FastifyReply } from "fastify";
import { BASE_PATH, type Api } from "../../http/api.ts";
import { openLimit } from "../../http/rate-limits.ts";
import type { ConsoleFiles } from "../console-files.ts";
import { contentSecurityPolicy } from "../security-policy.ts";

export type ConsoleOptions = {
  readonly files: ConsoleFiles;
  /** Whether `/console` is served. */
  readonly isOn: boolean;
  /** Where pages for operators link to; undefined: they name the runbooks. */
  readonly runbooks?: string | undefined;
  /** Where the portal is, and who may frame it; undefined: there is none. */
  readonly portal:
    { readonly origin: string; readonly frameAncestors: readonly string[] } | undefined;
};

const CONSOLE_PATH = "/console";
const ASSETS_PATH = `${CONSOLE_PATH}/assets/`;
const YEAR_SECONDS = 31_536_000;

const hidden = { schema: { hide: true } } as const;

/** The pages: the console below `/console` on every host but the portal's, the portal on a host of its own. */
export const consoleRoutes = (
  app: Api,
  { files, isOn, runbooks, portal }: ConsoleOptions,
): void => {
  if (!isOn && portal === undefined) return;
  // The two have the same files, so each host serves them.
  void app.register(async (served: Api) => {
    // A file is named for its content.
    sendHeaders(served, { "cache-control": `public, max-age=${YEAR_SECONDS}, immutable` });
    await served.register(fastifyStatic, {
      root: files.assets,
      prefix: ASSETS_PATH,
      preCompressed: true,
      schemaHide: true,
      decorateReply: false,
      cacheControl: false,
      index: false,
    });
  });
  if (isOn) consolePages(app, withRunbooks(files.consolePage, runbooks), portal?.origin);
  if (portal !== undefined) portalPages(app, files.portalPage, portal);
};

const consolePages = (app: Api, page: string, portalOrigin: string | undefined): void => {
  void app.register(async (served: Api) => {
    served.addHook("onRequest", await openLimit(served));
    sendHeaders(served, headersOfPages([]));
    // On the portal's host the console would have the origin of what others frame.
    const portalHost = portalOrigin === undefined ? undefined : new URL(portalOrigin).host;
    served.get(CONSOLE_PATH, hidden, (_request, reply) => reply.redirect(`${CONSOLE_PATH}/`, 308));
    served.get(`${CONSOLE_PATH}/*`, hidden, (request, reply) => {
      if (request.headers.host === portalHost) return reply.callNotFound();
      return sendPage(reply, page);
    });
  });
};

const portalPages = (
  app: Api,
  page: string,
  { origin, frameAncestors }: NonNullable<ConsoleOptions["portal"]>,
): void => {
  void app.register(async (served: Api) => {
    served.addHook("onRequest", await openLimit(served));
    sendHeaders(served, headersOfPages(frameAncestors));
    const constraints = { host: new URL(origin).host };
    served.get("/*", { ...hidden, constraints }, (request, reply) => {
      if (isOfApi(request.url)) return reply.callNotFound();
      return sendPage(reply, page);
    });
  });
};

const isOfApi = (url: string): boolean =>
  [`${BASE_PATH}/`, ASSETS_PATH].some((path) => url.startsWith(path));

/** Tells a page where the runbooks are. */
const withRunbooks = (page: string, runbooks: string | undefined): string => {
  if (runbooks === undefined) return page;
  // As a URL is written, it holds no quotation mark.
  const content = new URL(runbooks).href.replaceAll("&", "&amp;");
  return page.replace("</head>", () => `<meta name="runbooks" content="${content}" /></head>`);
};

const sendPage = (reply: FastifyReply, page: string) =>
  reply.type("text/html; charset=utf-8").send(page);

const headersOfPages = (frameAncestors: readonly string[]): Record<string, string> => ({
  "content-security-policy": contentSecurityPolicy(frameAncestors),
  "cache-control": "no-cache",
});

/** Adds headers to what is found, after those that all responses have; a problem keeps those alone. */
const sendHeaders = (served: Api, headers: Record<string, string>): void => {
  served.addHook("onSend", async (_request, reply) => {
    if (reply.statusCode < 300) reply.headers(headers);
  });
};
