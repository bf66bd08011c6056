import type { FastifyContextConfig, FastifyInstance, FastifyRequest } from "fastify";
import { authenticate } from "./authenticate.ts";
import { inWorkspace, type WorkspaceRule } from "./choose-workspace.ts";
import type { Caller, Credential, Credentials } from "./credential.ts";
import type { Permission } from "./permissions.ts";
import { sendProblem } from "../problem.ts";
import { RefusedError } from "../refused-error.ts";
import type { RequestLimits } from "../rate-limits.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Who sends it: a key or a session. */
    credential: Credential | null;
    /** The same in the workspace that it is about. */
    caller: Caller | null;
  }
  interface FastifyContextConfig {
    /** What the caller must be permitted to make this call; `admin` where a route says nothing. `any`: all that is known. */
    permission?: Permission | "any";
    /** The call is about no workspace, and for operators alone. */
    operator?: boolean;
    /** `one` where a route says nothing. */
    workspace?: Exclude<WorkspaceRule, "operator">;
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
    const credential = authenticate(request.headers, known, now().getTime());
    request.credential = credential ?? null;
    await (credential === undefined ? limits.ofAnonymous : limits.ofKey)(request);
    if (credential === undefined) {
      // One response for every cause: nobody learns which keys there are.
      const detail = "Send a valid key as X-API-KEY, or as Authorization: Bearer.";
      return sendProblem(reply, { code: "unauthorized", detail });
    }
    const { config } = request.routeOptions;
    const choice = inWorkspace(credential, request.headers, ruleOf(config));
    if (choice.kind === "refused") return sendProblem(reply, choice.problem);
    request.caller = choice.caller;
    const { permission = "admin" } = config;
    if (permission !== "any" && !choice.caller.permissions.has(permission)) {
      const detail = `This call needs a key with the scope ${permission}.`;
      return sendProblem(reply, { code: "insufficient_scope", detail });
    }
    return undefined;
  });
};

const ruleOf = ({ operator, workspace = "one" }: FastifyContextConfig): WorkspaceRule =>
  operator === true ? "operator" : workspace;

/** Throws a RefusedError unless the caller has this permission too: what it sends needs more than the call itself. */
export const requirePermission = (
  request: Pick<FastifyRequest, "caller">,
  permission: Permission,
  what: string,
): void => {
  if (callerOf(request).permissions.has(permission)) return;
  const detail = `${what} needs a key with the scope ${permission}.`;
  throw new RefusedError({ code: "insufficient_scope", detail });
};

/** The caller of this request; only for calls that `requireCaller` guards. */
export const callerOf = (request: Pick<FastifyRequest, "caller">): Caller => {
  if (request.caller === null) throw new Error("a call without requireCaller has no caller");
  return request.caller;
};
