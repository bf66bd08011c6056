import type { FastifyInstance, FastifyRequest } from "fastify";
import { authenticate } from "./authenticate.ts";
import type { Caller, Credentials } from "./credential.ts";
import type { Permission } from "./permissions.ts";
import { sendProblem } from "../problem.ts";
import type { RequestLimits } from "../rate-limits.ts";

declare module "fastify" {
  interface FastifyRequest {
    caller: Caller | null;
  }
  interface FastifyContextConfig {
    /** What the caller must be permitted to make this call; `admin` where a route says nothing. */
    permission?: Permission;
    /** A response lasts for as long as the caller reads it: its duration says nothing about the service. */
    isEndless?: boolean;
  }
}

export type AdmissionDeps = {
  readonly known: Credentials;
  readonly now: () => Date;
  readonly limits: RequestLimits;
};

/** Refuses callers without a valid key or without the call's permission, before the body is read. */
export const requireCaller = (
  api: Pick<FastifyInstance, "addHook">,
  { known, now, limits }: AdmissionDeps,
): void => {
  api.addHook("onRequest", async (request, reply) => {
    const caller = authenticate(request.headers, known, now().getTime());
    request.caller = caller ?? null;
    await (caller === undefined ? limits.ofAnonymous : limits.ofKey)(request);
    if (caller === undefined) {
      // One response for every cause: nobody learns which keys there are.
      const detail = "Send a valid key as X-API-KEY, or as Authorization: Bearer.";
      return sendProblem(reply, { code: "unauthorized", detail });
    }
    const permission = request.routeOptions.config.permission ?? "admin";
    if (!caller.permissions.has(permission)) {
      const detail = `This call needs a key with the scope ${permission}.`;
      return sendProblem(reply, { code: "insufficient_scope", detail });
    }
    return undefined;
  });
};

/** The caller of this request; only for calls that `requireCaller` guards. */
export const callerOf = (request: Pick<FastifyRequest, "caller">): Caller => {
  if (request.caller === null) throw new Error("a call without requireCaller has no caller");
  return request.caller;
};
