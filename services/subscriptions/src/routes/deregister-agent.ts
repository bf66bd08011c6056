import { isId } from "@ringback/contracts/id";
import { z } from "zod";
import { problemAnswers } from "../answer-schemas.ts";
import { callerOf } from "../caller.ts";
import { agentNotFound, commandProblem } from "../command-problem.ts";
import { handleCommand } from "../handle-command.ts";
import { sendProblem } from "../problem.ts";
import { agentPathSchema } from "../request-schemas.ts";
import type { Api, RouteDeps } from "./api.ts";

/** `DELETE /agent/v1/{agent_id}`: the agent and its subscriptions are no more; its history stays. */
export const deregisterAgentRoute = (api: Api, { commands }: RouteDeps): void => {
  api.delete(
    "/agent/v1/:agent_id",
    {
      config: { scope: "admin" },
      schema: { params: agentPathSchema, response: { 204: z.undefined(), ...problemAnswers } },
    },
    async (request, reply) => {
      const { agent_id } = request.params;
      const { keyId, workspaceId } = callerOf(request);
      if (!isId(agent_id)) return sendProblem(reply, agentNotFound(agent_id));
      const agent = { workspace_id: workspaceId, agent_id };
      const result = await handleCommand({ kind: "deregister_agent", agent }, keyId, commands);
      if (result.kind !== "accepted") return sendProblem(reply, commandProblem(agent_id, result));
      return reply.code(204).send();
    },
  );
};
