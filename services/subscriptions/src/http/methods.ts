import { METHODS as NODE_METHODS } from "node:http";
import type { HTTPMethods } from "fastify";
import { sendProblem } from "./problem.ts";
import { BASE_PATH, DOCS_PATH, DOCUMENT_PATH, type Api } from "./api.ts";

/** All that Node.js reads; CONNECT asks for no path. */
const METHODS: readonly HTTPMethods[] = NODE_METHODS.filter((method) => method !== "CONNECT");

/** Every path of the API and the methods that it takes. */
export const PATHS: Readonly<Record<string, readonly HTTPMethods[]>> = {
  [`${BASE_PATH}/agent/v1`]: ["PATCH", "POST"],
  [`${BASE_PATH}/agent/all`]: ["GET", "HEAD"],
  [`${BASE_PATH}/agent/:agent_id`]: ["GET", "HEAD"],
  [`${BASE_PATH}/agent/v1/:agent_id`]: ["DELETE", "GET", "HEAD"],
  [`${BASE_PATH}/agent/v1/:agent_id/history`]: ["GET", "HEAD"],
  [`${BASE_PATH}/agent/v1/:agent_id/stats`]: ["GET", "HEAD"],
  [`${BASE_PATH}/assistant`]: ["GET", "HEAD"],
  [`${BASE_PATH}/attempts`]: ["GET", "HEAD"],
  [`${BASE_PATH}/calls/:call_id/events`]: ["GET", "HEAD"],
  [`${BASE_PATH}/dead-letters`]: ["GET", "HEAD"],
  [`${BASE_PATH}/dead-letters/:event_id`]: ["GET", "HEAD"],
  [`${BASE_PATH}/event-types`]: ["GET", "HEAD"],
  [`${BASE_PATH}/event-types/:name`]: ["DELETE", "PUT"],
  [`${BASE_PATH}/events`]: ["GET", "HEAD", "POST"],
  [`${BASE_PATH}/events/:event_id`]: ["GET", "HEAD"],
  [`${BASE_PATH}/events/:event_id/attempts`]: ["GET", "HEAD"],
  [`${BASE_PATH}/events/:event_id/payload`]: ["GET", "HEAD"],
  [`${BASE_PATH}/stream`]: ["GET"],
  [`${BASE_PATH}/agent/v1/:agent_id/test-event`]: ["POST"],
  [`${BASE_PATH}/events/:event_id/redeliver`]: ["POST"],
  [`${BASE_PATH}/redeliveries`]: ["GET", "HEAD", "POST"],
  [`${BASE_PATH}/redeliveries/:redelivery_id`]: ["DELETE", "GET", "HEAD"],
};

/** The API's document and the page that shows it, which need no key. */
const OPEN_PATHS: Readonly<Record<string, readonly HTTPMethods[]>> = {
  [DOCUMENT_PATH]: ["GET", "HEAD"],
  [DOCS_PATH]: ["GET", "HEAD"],
};

/** Answers the methods that a known path does not take, without asking who calls. */
export const otherMethodsRoutes = (app: Api): void => {
  const known = new Set(app.supportedMethods);
  for (const method of METHODS) if (!known.has(method)) app.addHttpMethod(method);
  for (const [url, allowed] of Object.entries({ ...PATHS, ...OPEN_PATHS })) {
    const allow = allowed.join(", ");
    app.route({
      url,
      method: METHODS.filter((method) => !allowed.includes(method)),
      onRequest: async (_request, reply) =>
        sendProblem(reply.header("allow", allow), {
          code: "method_not_allowed",
          detail: `This path takes ${allow}.`,
        }),
      schema: { hide: true },
      handler: () => undefined,
    });
  }
};
