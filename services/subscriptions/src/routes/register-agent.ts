import { randomUUIDv7 } from "node:crypto";
import { agentAnswer, agentAnswerSchema, problemAnswers } from "../answer-schemas.ts";
import { callerOf } from "../caller.ts";
import { commandProblem } from "../command-problem.ts";
import { handleCommand } from "../handle-command.ts";
import { sendProblem } from "../problem.ts";
import { registerAgentSchema } from "../request-schemas.ts";
import { BASE_PATH, type Api, type RouteDeps } from "./api.ts";

/** `POST /agent/v1`: registers an agent; again with the same name it only answers the agent. */
export const registerAgentRoute = (api: Api, { commands }: RouteDeps): void => {
  api.post(
    "/agent/v1",
    {
      config: { scope: "admin" },
      schema: {
        body: registerAgentSchema,
        response: { 200: agentAnswerSchema, 201: agentAnswerSchema, ...problemAnswers },
      },
    },
    async (request, reply) => {
      const { keyId, workspaceId } = callerOf(request);
      const { agent_id = randomUUIDv7(), agent_display_name } = request.body;
      const agent = { workspace_id: workspaceId, agent_id };
      const command = { kind: "register_agent", agent, agent_display_name } as const;
      const result = await handleCommand(command, keyId, commands);
      if (result.kind !== "accepted") return sendProblem(reply, commandProblem(agent_id, result));
      const { state, changes } = result;
      if (state.kind !== "registered") throw new Error("'register_agent' left no agent");
      const answer = agentAnswer(state.agent, state.version, callerOf(request));
      if (changes.length === 0) return reply.code(200).send(answer);
      const location = `${BASE_PATH}/agent/v1/${agent_id}`;
      return reply.code(201).header("location", location).send(answer);
    },
  );
};
