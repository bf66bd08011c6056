import { randomUUIDv7 } from "node:crypto";
import { AGENT_EXAMPLES, REGISTER_EXAMPLES, REGISTERED_EXAMPLES } from "./agent-examples.ts";
import { agentResponse, agentResponseSchema } from "./agent-response.ts";
import { refuseOtherAgents } from "../../http/auth/other-agents.ts";
import { callerOf } from "../../http/auth/caller.ts";
import { entityTag } from "../../commands/decide/entity-tag.ts";
import { problemResponses } from "../../http/problem.ts";
import { idSchema } from "@ringback/contracts/id";
import { WORKSPACE_AGENT } from "@ringback/contracts/agents/workspace-agent";
import { z } from "zod";
import { displayNameSchema } from "../../http/field-schemas.ts";
import { runCommand } from "./run-command.ts";
import { BASE_PATH, type Api } from "../../http/api.ts";
import type { AgentCommandDeps } from "../agent-commands.ts";

/** The body of `POST /agent/v1`. */
export const registerAgentSchema = z.strictObject({
  agent_id: idSchema
    .refine((id) => id !== WORKSPACE_AGENT, `'${WORKSPACE_AGENT}' is the workspace's own`)
    .optional()
    .meta({ description: "Without it the agent gets one" }),
  agent_display_name: displayNameSchema,
});

/** `POST /agent/v1`: registers an agent. A repeated request with the same name only responds with the agent. */
export const registerAgentRoute = (api: Api, commands: AgentCommandDeps): void => {
  api.post(
    "/agent/v1",
    {
      config: {
        permission: "admin",
        documented: {
          problems: [
            "agent_exists",
            "agent_not_allowed",
            "conflict",
            "too_many_agents",
            "configuration_too_large",
            "too_many_changes",
          ],
          takes: ["If-Match", "Idempotency-Key"],
          gives: ["ETag", "Location", "Idempotency-Replayed"],
        },
      },
      schema: {
        operationId: "registerAgent",
        summary: "Register an agent",
        description:
          "The response is 201 when the agent is new, and 200 when it is there with the same name. Without `agent_id` it gets one.",
        tags: ["Agents"],
        body: registerAgentSchema.meta({ "x-examples": REGISTER_EXAMPLES }),
        response: {
          200: agentResponseSchema.meta({ "x-examples": AGENT_EXAMPLES }),
          201: agentResponseSchema.meta({ "x-examples": REGISTERED_EXAMPLES }),
          ...problemResponses,
        },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      const { workspaceId } = caller;
      const { agent_id = randomUUIDv7(), agent_display_name } = request.body;
      refuseOtherAgents(caller, [{ path: "agent_id", agentId: agent_id }]);
      const agent = { workspace_id: workspaceId, agent_id };
      const command = { kind: "register_agent", agent, agent_display_name } as const;
      const { state, changes } = await runCommand(request, reply, command, commands);
      if (state.kind !== "registered") throw new Error("'register_agent' left no agent");
      const response = agentResponse(state.agent, state.version, caller);
      reply.header("etag", entityTag(state.version));
      if (changes.length === 0) return reply.code(200).send(response);
      const location = `${BASE_PATH}/agent/v1/${state.agent.agent_id}`;
      return reply.code(201).header("location", location).send(response);
    },
  );
};
