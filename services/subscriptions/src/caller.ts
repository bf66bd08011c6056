import type { FastifyInstance, FastifyRequest } from "fastify";
import { authenticate, type ApiKeys, type Caller } from "./api-keys.ts";
import type { Scope } from "./api-key-entries.ts";
import { sendProblem } from "./problem.ts";

declare module "fastify" {
  interface FastifyRequest {
    caller: Caller | null;
  }
  interface FastifyContextConfig {
    /** The scope that a key needs for this call. */
    scope?: Scope;
  }
}

/** Lets only callers with a valid key and the call's scope through, before the body is read. */
export const requireCaller = (
  api: Pick<FastifyInstance, "addHook">,
  keys: () => ApiKeys,
  now: () => Date,
): void => {
  api.addHook("onRequest", async (request, reply) => {
    const caller = authenticate(request.headers, keys(), now().getTime());
    if (caller === undefined) {
      // One answer for every cause: nobody learns which keys there are.
      const detail = "Send a valid key as X-API-KEY, or as Authorization: Bearer.";
      return sendProblem(reply, { code: "unauthorized", detail });
    }
    request.caller = caller;
    const scope = request.routeOptions.config.scope ?? "admin";
    if (!caller.scopes.has(scope)) {
      const detail = `This call needs a key with the scope ${scope}.`;
      return sendProblem(reply, { code: "insufficient_scope", detail });
    }
    return undefined;
  });
};

/** Who sent this request; only for calls that `requireCaller` guards. */
export const callerOf = (request: Pick<FastifyRequest, "caller">): Caller => {
  if (request.caller === null) throw new Error("a call without requireCaller has no caller");
  return request.caller;
};
