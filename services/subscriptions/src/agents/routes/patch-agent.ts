import { WORKSPACE_AGENT } from "@ringback/contracts/agents/workspace-agent";
import {
  agentResponse,
  newKeyResponse,
  redactedPrevious,
  patchResponseSchema,
  UPDATED,
} from "./agent-response.ts";
import { callerOf } from "../../http/auth/caller.ts";
import type { IfAbsent, EditSubscriptions, RemoveSubscriptions } from "../decide/edit.ts";
import { entityTag } from "../decide/entity-tag.ts";
import { refuseUnknownTypes } from "../../event-types/define-type.ts";
import type { RemoveSigningSecret, RotateSigningSecret } from "../decide/signing.ts";
import { namedIn, repeatedIn, subscriptionsOf } from "./event-types-in-request.ts";
import { problemResponses, sendProblem } from "../../http/problem.ts";
import { patchAgentSchema, type PatchRequest } from "./patch-schema.ts";
import { runCommand } from "./run-command.ts";
import { signingCommandOf } from "./signing-schema.ts";
import type { Api } from "../../http/api.ts";
import type { CallbackUrlPolicy } from "@ringback/contracts/address/callback-url";
import type { DefineDeps } from "../../event-types/define-type.ts";
import type { OnceDeps } from "../run-once.ts";

export type PatchAgentDeps = {
  readonly commands: OnceDeps;
  readonly eventTypes: DefineDeps;
  readonly callbackUrls: CallbackUrlPolicy;
  readonly ifAbsent: IfAbsent;
};

/** `PATCH /agent/v1`: sets or removes an agent's event subscriptions or their signing secrets. */
export const patchAgentRoute = (api: Api, deps: PatchAgentDeps): void => {
  api.patch(
    "/agent/v1",
    {
      config: {
        scope: "write",
        documented: {
          problems: [
            "agent_not_found",
            "subscription_exists",
            "subscription_not_found",
            "too_many_signing_secrets",
            "conflict",
            "duplicate_event_type",
            "too_many_agents",
            "configuration_too_large",
            "too_many_changes",
          ],
          takes: ["If-Match", "Idempotency-Key"],
          gives: ["ETag", "Idempotency-Replayed"],
        },
      },
      schema: {
        operationId: "changeAgent",
        summary: "Change an agent's subscriptions or signing secrets",
        description:
          "`operation` says what is done. It is done wholly or not at all, and it is stored when the response is 200. At most 50 subscriptions in a request, each event type counted.",
        tags: ["Agents"],
        body: patchAgentSchema(deps.callbackUrls),
        response: { 200: patchResponseSchema, ...problemResponses },
      },
    },
    async (request, reply) => {
      const { body } = request;
      const named = namedIn(body);
      const errors = repeatedIn(named);
      if (errors.length > 0) {
        const detail = "Name each event type at most once in a request.";
        return sendProblem(reply, { code: "duplicate_event_type", detail, errors });
      }
      const { workspaceId } = callerOf(request);
      const set = body.operation === "edit_event_subscriptions" ? named : [];
      await refuseUnknownTypes(workspaceId, set, deps.eventTypes);
      const command = commandOf(body, workspaceId, deps);
      const ran = await runCommand(request, reply, command, deps.commands);
      const { state, replaced, removed } = ran;
      if (state.kind !== "registered") throw new Error(`'${command.kind}' left no agent`);
      reply.header("etag", entityTag(state.version));
      const agent = agentResponse(state.agent, state.version, callerOf(request));
      const response = { message: UPDATED, ...agent } as const;
      if (command.kind === "rotate_signing_secret") {
        // A repeated response has no key: the one that this request made is not stored.
        return ran.isRepeat ? response : { ...response, ...newKeyResponse(command.key) };
      }
      if (command.kind !== "edit_event_subscriptions") return response;
      const [old, gone] = [replaced, removed].map((all) => all.map(redactedPrevious));
      return { ...response, replaced: old, removed: gone };
    },
  );
};

const commandOf = (
  body: PatchRequest,
  workspace_id: string,
  { ifAbsent, commands }: PatchAgentDeps,
): EditSubscriptions | RemoveSubscriptions | RotateSigningSecret | RemoveSigningSecret => {
  if (body.operation === "rotate_signing_secret" || body.operation === "remove_signing_secret") {
    return signingCommandOf(body, workspace_id, commands.now());
  }
  const agent = { workspace_id, agent_id: body.agent_id };
  const if_absent = body.agent_id === WORKSPACE_AGENT ? "register" : ifAbsent;
  if (body.operation === "remove_event_subscriptions") {
    return { kind: body.operation, agent, event_types: body.event_types, if_absent };
  }
  const { operation: kind, mode, on_conflict } = body;
  const event_subscriptions = subscriptionsOf(body);
  return { kind, agent, event_subscriptions, mode, on_conflict, if_absent };
};
