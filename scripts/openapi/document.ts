import type { GeneratedFile } from "../generated-file.ts";
import type { AppDeps } from "../../services/subscriptions/src/app.ts";
import { buildApp } from "../../services/subscriptions/src/app.ts";
import type { ApiDocument } from "../../services/subscriptions/src/api-document-tidy.ts";

/**
 * Stands for everything that the calls work with. Routes are only registered here, never called, so
 * that whatever they are given is good enough, and stays so when a route needs something more.
 */
const nothing: unknown = new Proxy(() => undefined, {
  get: (_target, name) => {
    if (name === Symbol.toPrimitive) return () => "nothing";
    return name === "then" ? undefined : nothing; // no promise: nobody is to wait for it
  },
  apply: () => nothing,
});

/** What the API does without. */
const OPTIONAL: ReadonlySet<string | symbol> = new Set(["bounds", "tracer"]);

const depsOfNothing = new Proxy({} as AppDeps, {
  get: (_target, name) => {
    if (OPTIONAL.has(name)) return undefined;
    return name === "requestsPerMinutePerKey" ? 1 : nothing;
  },
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
