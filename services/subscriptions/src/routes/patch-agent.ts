import type { z } from "zod";
import {
  agentAnswer,
  newKeyAnswer,
  shownFormer,
  patchAnswerSchema,
  problemAnswers,
} from "../answer-schemas.ts";
import { callerOf } from "../caller.ts";
import { commandProblem } from "../command-problem.ts";
import type { EditSubscriptions, RemoveSubscriptions } from "../decide/edit.ts";
import type { RemoveSigningSecret, RotateSigningSecret } from "../decide/signing.ts";
import { handleCommand } from "../handle-command.ts";
import { repeatedInEdit, repeatedInList, subscriptionsOf } from "../named-event-types.ts";
import { sendProblem } from "../problem.ts";
import { patchAgentSchema } from "../request-schemas.ts";
import { signingCommandOf } from "../signing-requests.ts";
import type { Api, RouteDeps } from "./api.ts";

type PatchRequest = z.output<ReturnType<typeof patchAgentSchema>>;

/** `PATCH /agent/v1`: sets or removes an agent's event subscriptions or their signing secrets. */
export const patchAgentRoute = (api: Api, deps: RouteDeps): void => {
  api.patch(
    "/agent/v1",
    {
      config: { scope: "write" },
      schema: {
        body: patchAgentSchema(deps.callbackUrls),
        response: { 200: patchAnswerSchema, ...problemAnswers },
      },
    },
    async (request, reply) => {
      const { body } = request;
      const errors = repeatedIn(body);
      if (errors.length > 0) {
        const detail = "Name each event type at most once in a request.";
        return sendProblem(reply, { code: "duplicate_event_type", detail, errors });
      }
      const { keyId, workspaceId } = callerOf(request);
      const command = commandOf(body, workspaceId, deps);
      const result = await handleCommand(command, keyId, deps.commands);
      if (result.kind !== "accepted") {
        return sendProblem(reply, commandProblem(body.agent_id, result));
      }
      const { state, replaced, removed } = result;
      if (state.kind !== "registered") throw new Error(`'${command.kind}' left no agent`);
      const answer = agentAnswer(state.agent, state.version, callerOf(request));
      if (command.kind === "rotate_signing_secret") {
        reply.header("cache-control", "no-store"); // nobody on the way may keep the secret
        return { ...answer, ...newKeyAnswer(command.key) };
      }
      const isEdit = command.kind === "edit_event_subscriptions";
      return isEdit
        ? { ...answer, replaced: replaced.map(shownFormer), removed: removed.map(shownFormer) }
        : answer;
    },
  );
};

const repeatedIn = (body: PatchRequest) =>
  body.operation === "edit_event_subscriptions"
    ? repeatedInEdit(body)
    : repeatedInList(body.event_types);

const commandOf = (
  body: PatchRequest,
  workspace_id: string,
  { ifAbsent: if_absent, commands }: RouteDeps,
): EditSubscriptions | RemoveSubscriptions | RotateSigningSecret | RemoveSigningSecret => {
  if (body.operation === "rotate_signing_secret" || body.operation === "remove_signing_secret") {
    return signingCommandOf(body, workspace_id, commands.now());
  }
  const agent = { workspace_id, agent_id: body.agent_id };
  if (body.operation === "remove_event_subscriptions") {
    return { kind: body.operation, agent, event_types: body.event_types, if_absent };
  }
  const { operation: kind, mode, on_conflict } = body;
  const event_subscriptions = subscriptionsOf(body);
  return { kind, agent, event_subscriptions, mode, on_conflict, if_absent };
};
