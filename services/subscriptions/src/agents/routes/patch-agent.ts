import { WORKSPACE_AGENT } from "@ringback/contracts/agents/workspace-agent";
import { CHANGED_EXAMPLES } from "./agent-examples.ts";
import { agentResponse, effectsResponse, patchResponseSchema, UPDATED } from "./agent-response.ts";
import type { FastifyRequest } from "fastify";
import { callerOf, requirePermission } from "../../http/auth/caller.ts";
import type { Command } from "../decide/edit.ts";
import type { EditEffects, IfAbsent } from "../decide/edit-subscriptions.ts";
import { entityTag } from "../../commands/decide/entity-tag.ts";
import { refuseUnknownTypes } from "../../event-types/define-type.ts";
import { namedIn, repeatedIn, subscriptionsOf, type Named } from "./event-types-in-request.ts";
import { seesAgent } from "../../sight/decide/sight.ts";
import { agentNotFound, problemResponses, sendProblem } from "../../http/problem.ts";
import { RefusedError } from "../../http/refused-error.ts";
import { patchAgentSchema, type PatchRequest } from "./patch-schema.ts";
import { runCommand } from "./run-command.ts";
import { signingCommandOf } from "./signing-schema.ts";
import { newKeyResponse, newSigningKey } from "../../commands/routes/rotation-fields.ts";
import type { Api } from "../../http/api.ts";
import type { CallbackUrlPolicy } from "@ringback/contracts/address/callback-url";
import type { DefineDeps } from "../../event-types/define-type.ts";
import type { AgentCommandDeps } from "../agent-commands.ts";

export type PatchAgentDeps = {
  readonly commands: AgentCommandDeps;
  readonly eventTypes: DefineDeps;
  readonly callbackUrls: CallbackUrlPolicy;
  readonly ifAbsent: IfAbsent;
  /** Whether a new subscription gets a signing secret by itself. */
  readonly signNew: boolean;
};

const changedSchema = patchResponseSchema.meta({ "x-examples": CHANGED_EXAMPLES });

/** `PATCH /agent/v1`: sets or removes an agent's event subscriptions or their signing secrets. */
export const patchAgentRoute = (api: Api, deps: PatchAgentDeps): void => {
  api.patch(
    "/agent/v1",
    {
      config: {
        permission: "endpoints",
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
        response: { 200: changedSchema, ...problemResponses },
      },
    },
    async (request, reply) => {
      const { body } = request;
      refuseBeyond(request, body);
      const named = namedIn(body);
      refuseRepeated(named);
      const caller = callerOf(request);
      if (!seesAgent(caller, body.agent_id))
        return sendProblem(reply, agentNotFound(body.agent_id));
      const set = body.operation === "edit_event_subscriptions" ? named : [];
      await refuseUnknownTypes(caller.workspaceId, set, deps.eventTypes);
      const command = commandOf(body, caller.workspaceId, deps);
      const { state, effects, isRepeat } = await runCommand(request, reply, command, deps.commands);
      if (state.kind !== "registered") throw new Error(`'${command.kind}' left no agent`);
      reply.header("etag", entityTag(state.version));
      const agent = agentResponse(state.agent, state.version, caller);
      const seesSecrets = caller.permissions.has("secrets");
      const newKey = command.kind === "rotate_signing_secret" ? command.key : effects?.newKey;
      return {
        message: UPDATED,
        ...agent,
        ...(effects && { ...effectsResponse(effects, seesSecrets), ...warningsOf(effects, named) }),
        // A repeated response has no key: the one that this request made is not stored.
        ...(newKey && !isRepeat && seesSecrets && newKeyResponse(newKey)),
      };
    },
  );
};

/** Operations that need more than the others: of signing secrets, and of the agent itself. */
const refuseBeyond = (request: FastifyRequest, { operation }: PatchRequest): void => {
  if (operation === "rotate_signing_secret" || operation === "remove_signing_secret") {
    requirePermission(request, "secrets", operation);
  }
  if (operation === "rename_agent") requirePermission(request, "write", operation);
};

const refuseRepeated = (named: readonly Named[]): void => {
  const errors = repeatedIn(named);
  if (errors.length === 0) return;
  const detail = "Name each event type at most once in a request.";
  throw new RefusedError({ code: "duplicate_event_type", detail, errors });
};

const warningsOf = ({ unsigned }: EditEffects, named: readonly Named[]) => {
  const message =
    "is not signed, as the agent's other subscriptions have no secret in common: rotate_signing_secret gives all of them one";
  const warnings = named
    .filter(({ eventType }) => unsigned.includes(eventType))
    .map(({ path }) => ({ path, message }));
  return warnings.length > 0 ? { warnings } : {};
};

const commandOf = (
  body: PatchRequest,
  workspace_id: string,
  { ifAbsent, commands, signNew }: PatchAgentDeps,
): Command => {
  if (body.operation === "rotate_signing_secret" || body.operation === "remove_signing_secret") {
    return signingCommandOf(body, workspace_id, commands.now());
  }
  const agent = { workspace_id, agent_id: body.agent_id };
  if (body.operation === "rename_agent") {
    return { kind: body.operation, agent, agent_display_name: body.agent_display_name };
  }
  const if_absent = body.agent_id === WORKSPACE_AGENT ? "register" : ifAbsent;
  if (body.operation === "remove_event_subscriptions") {
    return { kind: body.operation, agent, event_types: body.event_types, if_absent };
  }
  const { operation: kind, mode, on_conflict } = body;
  const event_subscriptions = subscriptionsOf(body);
  const now = commands.now();
  const new_key = signNew ? newSigningKey(now) : undefined;
  const at = now.toISOString();
  return { kind, agent, event_subscriptions, mode, on_conflict, if_absent, at, new_key };
};
