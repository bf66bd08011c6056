import type { HTTPMethods } from "fastify";
import { sendProblem } from "../problem.ts";
import { BASE_PATH, type Api } from "./api.ts";

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] as const;

/** Every path of the API and the methods that it takes. */
export const PATHS: Readonly<Record<string, readonly HTTPMethods[]>> = {
  [`${BASE_PATH}/agent/v1`]: ["PATCH", "POST"],
  [`${BASE_PATH}/agent/v1/:agent_id`]: ["DELETE", "GET", "HEAD"],
  [`${BASE_PATH}/assistant`]: ["GET", "HEAD"],
};

/** Answers the methods that a known path does not take, without asking who calls. */
export const otherMethodsRoutes = (app: Api): void => {
  for (const [url, allowed] of Object.entries(PATHS)) {
    const allow = allowed.join(", ");
    app.route({
      url,
      method: METHODS.filter((method) => !allowed.includes(method)),
      onRequest: async (_request, reply) =>
        sendProblem(reply.header("allow", allow), {
          code: "method_not_allowed",
          detail: `This path takes ${allow}.`,
        }),
      handler: () => undefined,
    });
  }
};
