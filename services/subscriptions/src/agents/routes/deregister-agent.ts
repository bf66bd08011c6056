import { isId } from "@ringback/contracts/id";
import { WORKSPACE_AGENT } from "@ringback/contracts/agents/workspace-agent";
import { z } from "zod";
import { callerOf } from "../../http/auth/caller.ts";
import { agentNotFound, problemResponses, sendProblem, type Problem } from "../../http/problem.ts";
import { agentPathSchema } from "../../http/field-schemas.ts";
import { runCommand } from "./run-command.ts";
import type { Api } from "../../http/api.ts";
import type { AgentCommandDeps } from "../agent-commands.ts";

const RESERVED: Problem = {
  code: "reserved_agent",
  detail: `Agent '${WORKSPACE_AGENT}' is the workspace's own: remove its subscriptions instead.`,
};

/** `DELETE /agent/v1/{agent_id}`: removes the agent and its subscriptions; its history stays. */
export const deregisterAgentRoute = (api: Api, commands: AgentCommandDeps): void => {
  api.delete(
    "/agent/v1/:agent_id",
    {
      config: {
        permission: "admin",
        documented: {
          problems: ["agent_not_found", "conflict", "too_many_changes"],
          takes: ["If-Match", "Idempotency-Key"],
          gives: ["Idempotency-Replayed"],
        },
      },
      schema: {
        operationId: "deregisterAgent",
        summary: "Remove an agent",
        description:
          "Removes the agent and its subscriptions: deliveries that are under way for them end as `cancelled`. Its history stays.",
        tags: ["Agents"],
        params: agentPathSchema,
        response: { 204: z.undefined(), ...problemResponses },
      },
    },
    async (request, reply) => {
      const { agent_id } = request.params;
      const { workspaceId } = callerOf(request);
      if (!isId(agent_id)) return sendProblem(reply, agentNotFound(agent_id));
      if (agent_id === WORKSPACE_AGENT) return sendProblem(reply, RESERVED);
      const agent = { workspace_id: workspaceId, agent_id };
      const command = { kind: "deregister_agent", agent } as const;
      await runCommand(request, reply, command, commands);
      return reply.code(204).send();
    },
  );
};
