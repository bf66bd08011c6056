import type { FastifyReply, FastifyRequest } from "fastify";
import type { Endpoint } from "@ringback/contracts/endpoints/endpoint";
import { MAX_SIGNING_KEYS, type SigningKey } from "@ringback/contracts/secrets/signing-key";
import { entityTag } from "../../commands/decide/entity-tag.ts";
import type { Conflict } from "../../commands/handle-command.ts";
import { newKeyResponse } from "../../commands/routes/rotation-fields.ts";
import { runRequest } from "../../commands/routes/run-request.ts";
import { callerOf } from "../../http/auth/caller.ts";
import type { Caller } from "../../http/auth/credential.ts";
import { endpointNotFound, type Problem } from "../../http/problem.ts";
import { invalidRequest, RefusedError } from "../../http/refused-error.ts";
import type { EndpointCommand, EndpointRejection } from "../decide/endpoint-command.ts";
import type { AppliedEndpointCommand, EndpointCommandDeps } from "../endpoint-commands.ts";

export type EndpointCommands = EndpointCommandDeps & {
  /** False while a dispatcher runs that knows no endpoints. */
  readonly allKnowEndpoints: () => boolean;
};

/** `isRepeat`: a new secret is not shown a second time. */
type RanCommand = Pick<AppliedEndpointCommand, "changes" | "heldSince"> & {
  readonly endpoint: Endpoint;
  readonly version: number;
  readonly isRepeat: boolean;
};

/** Runs a request's command and sets the ETag. Throws a RefusedError where it is not carried out. */
export const runEndpointCommand = async (
  request: FastifyRequest,
  reply: Pick<FastifyReply, "header">,
  command: Exclude<EndpointCommand, { kind: "delete_endpoint" }>,
  deps: EndpointCommands,
): Promise<RanCommand> => {
  const { agents: within } = callerOf(request);
  const { result, isRepeat } = await runRequest(request, reply, { ...command, within }, deps);
  if (result.kind !== "accepted") throw refusal(namedIn(request), command, result);
  const { state, changes, heldSince } = result;
  if (state.kind === "absent") throw new Error(`'${command.kind}' left no endpoint`);
  reply.header("etag", entityTag(state.version));
  return { changes, heldSince, endpoint: state.endpoint, version: state.version, isRepeat };
};

/** Removes a request's endpoint. Throws a RefusedError where that is not done. */
export const runDeletion = async (
  request: FastifyRequest,
  reply: Pick<FastifyReply, "header">,
  command: EndpointCommand & { kind: "delete_endpoint" },
  deps: EndpointCommands,
): Promise<void> => {
  const { agents: within } = callerOf(request);
  const { result } = await runRequest(request, reply, { ...command, within }, deps);
  if (result.kind !== "accepted") throw refusal(namedIn(request), command, result);
};

/**
 * Throws a RefusedError while a dispatcher of an earlier version runs: it would send nothing to the endpoint, and
 * retries of its deliveries to the agent's subscription.
 */
export const requireDispatchers = ({ allKnowEndpoints }: EndpointCommands): void => {
  if (allKnowEndpoints()) return;
  const detail =
    "A dispatcher of a version without endpoints still runs: nothing was changed. Try again when the update is complete.";
  throw new RefusedError({ code: "dispatchers_outdated", detail });
};

/** A repeated response has no key: the one that this request made is not stored. Secrets are for who may see them. */
export const newKeyFor = (
  { permissions }: Pick<Caller, "permissions">,
  { isRepeat }: { readonly isRepeat: boolean },
  key: SigningKey,
) => (isRepeat || !permissions.has("secrets") ? {} : newKeyResponse(key));

/** The endpoint as the caller named it: by a path, or by a `uid` in the body. */
const namedIn = ({ params, body }: Pick<FastifyRequest, "params" | "body">): string => {
  const { endpoint_id } = (params ?? {}) as { endpoint_id?: string };
  const { uid } = (body ?? {}) as { uid?: string };
  return endpoint_id ?? uid ?? "";
};

const refusal = (
  named: string,
  { endpoint }: Pick<EndpointCommand, "endpoint">,
  result: EndpointRejection | Conflict,
): RefusedError => {
  if (result.kind === "rejected" && result.code === "uid_differs") {
    const is = result.uid === undefined ? "none" : `'${result.uid}'`;
    const message = `never changes: the endpoint has ${is}`;
    return invalidRequest([{ path: "uid", message }]);
  }
  if (result.kind === "rejected" && result.code === "endpoint_exists") {
    const { endpoint_id } = endpoint;
    const detail = result.isSeen
      ? `There is an endpoint with the uid '${named}': ${endpoint_id}. PUT /endpoints/${named} sets it wholly.`
      : `The uid '${named}' is taken: choose another one.`;
    return new RefusedError({ code: result.code, detail });
  }
  return new RefusedError(problemOf(named, result));
};

const problemOf = (
  named: string,
  result: Exclude<EndpointRejection, { code: "uid_differs" | "endpoint_exists" }> | Conflict,
): Problem => {
  const endpoint = `Endpoint '${named}'`;
  if (result.kind === "conflict") {
    return { code: "conflict", detail: `${endpoint} was modified concurrently: retry.` };
  }
  const { code } = result;
  switch (code) {
    case "endpoint_not_found":
      return endpointNotFound(named);
    case "endpoint_disabled":
      return { code, detail: `${endpoint} is disabled: POST …/enable switches it on.` };
    case "too_many_signing_secrets": {
      const detail = `${MAX_SIGNING_KEYS} secrets sign already. Wait until one expires, or rotate with an overlap of 0s: nothing was changed.`;
      return { code, detail };
    }
    case "precondition_failed": {
      const { version } = result;
      const is = version === undefined ? "not there" : `at ETag ${entityTag(version)}`;
      return {
        code,
        detail: `${endpoint} is ${is}, which If-Match does not name: nothing was changed.`,
      };
    }
    default:
      return code satisfies never;
  }
};
