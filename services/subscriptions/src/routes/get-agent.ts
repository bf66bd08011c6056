import { isId } from "@ringback/contracts/id";
import { agentAnswer, agentAnswerSchema, problemAnswers } from "../answer-schemas.ts";
import { callerOf } from "../caller.ts";
import { agentNotFound } from "../command-problem.ts";
import { sendProblem } from "../problem.ts";
import { agentPathSchema } from "../request-schemas.ts";
import type { Api, RouteDeps } from "./api.ts";

/** `GET /agent/v1/{agent_id}`: the agent as the last stored change left it. */
export const getAgentRoute = (api: Api, { commands }: RouteDeps): void => {
  api.get(
    "/agent/v1/:agent_id",
    {
      config: { scope: "read" },
      schema: { params: agentPathSchema, response: { 200: agentAnswerSchema, ...problemAnswers } },
    },
    async (request, reply) => {
      const { agent_id: agentId } = request.params;
      const { workspaceId } = callerOf(request);
      if (!isId(agentId)) return sendProblem(reply, agentNotFound(agentId));
      const { state } = await commands.store.read({ workspaceId, agentId });
      if (state.kind === "absent") return sendProblem(reply, agentNotFound(agentId));
      return agentAnswer(state.agent, state.version, callerOf(request));
    },
  );
};
