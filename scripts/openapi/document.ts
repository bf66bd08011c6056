import type { GeneratedFile } from "../generated-file.ts";
import type { AppDeps } from "../../services/subscriptions/src/http/app.ts";
import { buildApp } from "../../services/subscriptions/src/http/app.ts";
import type { ApiDocument } from "../../services/subscriptions/src/http/openapi/tidy.ts";

/**
 * Stands for whatever the calls work with: parts of it are there by any name, and do nothing. Routes are
 * only registered here, so that this is good enough, and stays so when a route needs something more.
 */
const nothing: unknown = new Proxy(() => undefined, {
  get: (_target, name) => (name === "then" ? undefined : nothing), // no promise: nobody is to wait for it
});

/** What is looked at before a call is refused for want of a key, and what must not be there by any name. */
const KNOWN: Readonly<Record<string, unknown>> = {
  keys: () => new Map(),
  commands: new Proxy(
    { now: () => new Date() },
    { get: (of, name) => Reflect.get(of, name) ?? nothing },
  ),
  requestsPerMinutePerKey: 1,
  bounds: undefined,
  tracer: undefined,
};

const depsOfNothing = new Proxy({} as AppDeps, {
  get: (_target, name) =>
    typeof name === "string" && Object.hasOwn(KNOWN, name) ? KNOWN[name] : nothing,
});

/** The API with all its routes, for looking at them; what a call works with is not there. */
export const apiOfNothing = () => buildApp(depsOfNothing);

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
