import type { GeneratedFile } from "../generated-file.ts";
import { featuresOf } from "../../services/subscriptions/src/api.ts";
import type { FeatureDeps } from "../../services/subscriptions/src/feature-deps.ts";
import type { Api, Feature } from "../../services/subscriptions/src/http/api.ts";
import { buildApp, type Frame } from "../../services/subscriptions/src/http/app.ts";
import type { ApiDocument } from "../../services/subscriptions/src/http/openapi/tidy.ts";

/**
 * Stands for whatever the calls work with: parts of it are there by any name, and do nothing. Routes are
 * only registered here, so that this is good enough, and stays so when a route needs something more.
 */
const nothing: unknown = new Proxy(() => undefined, {
  get: (_target, name) => (name === "then" ? undefined : nothing), // no promise: nobody is to wait for it
});

const FRAME: Frame = {
  known: { keys: () => [], session: () => undefined },
  now: () => new Date(),
  log: nothing as Frame["log"],
  metrics: nothing as Frame["metrics"],
  requestsPerMinutePerKey: 1,
};

/** The API with all its routes, for looking at them; what a call works with is not there. */
export const apiOfNothing = (more: readonly Feature[] = [], frame: Partial<Frame> = {}) =>
  buildApp({ ...FRAME, ...frame }, [...more, ...featuresOf(nothing as FeatureDeps)]);

/** Every call that the API takes, as `GET /events/:event_id`. */
export const servedCalls = async (): Promise<string[]> => {
  const calls: string[] = [];
  const note = (api: Api) =>
    api.addHook("onRoute", ({ method, routePath }) => {
      calls.push(...[method].flat().map((one) => `${one} ${routePath}`));
    });
  await using app = apiOfNothing([note]);
  await app.ready();
  return calls;
};

/** The API's document, as `GET /openapi.json` of a running service answers it. */
export const openApiDocument = async (): Promise<ApiDocument> => {
  await using app = apiOfNothing();
  await app.ready();
  return JSON.parse(JSON.stringify(app.swagger())) as ApiDocument;
};

export const OPENAPI_FILE: GeneratedFile = {
  path: "docs/openapi.json",
  command: "make openapi",
  text: async () => JSON.stringify(await openApiDocument()),
};
