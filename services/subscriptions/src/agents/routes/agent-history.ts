import { callerOf } from "../../http/auth/caller.ts";
import { agentNotFound, problemResponses, sendProblem } from "../../http/problem.ts";
import { HISTORY_EXAMPLES } from "./agent-examples.ts";
import { changeResponse, historyResponseSchema } from "./history-response.ts";
import { pageQuerySchema, seqCursor } from "../../http/pagination.ts";
import { agentPathSchema } from "../../http/field-schemas.ts";
import type { Api } from "../../http/api.ts";
import type { AgentHistory } from "../agent-commands.ts";

/** `GET /agent/v1/{agent_id}/history`: who changed what and when, also of an agent that was removed. */
export const agentHistoryRoute = (api: Api, history: AgentHistory): void => {
  api.get(
    "/agent/v1/:agent_id/history",
    {
      config: {
        audited: "secrets",
        permission: "read",
        documented: { problems: ["agent_not_found"] },
      },
      schema: {
        operationId: "listAgentChanges",
        summary: "List the changes of an agent",
        description:
          "Who changed what and when, newest first, also of an agent that was removed. Secrets are shown as in the agent itself.",
        tags: ["Agents"],
        params: agentPathSchema,
        querystring: pageQuerySchema,
        response: {
          200: historyResponseSchema.meta({ "x-examples": HISTORY_EXAMPLES }),
          ...problemResponses,
        },
      },
    },
    async (request, reply) => {
      const { agent_id: agentId } = request.params;
      const { limit, cursor: beforeSeq } = request.query;
      const caller = callerOf(request);
      const agent = { workspaceId: caller.workspaceId, agentId };
      const { entries, nextBeforeSeq } = await history.changes(agent, { limit, beforeSeq });
      if (entries.length === 0 && beforeSeq === undefined) {
        return sendProblem(reply, agentNotFound(agentId));
      }
      return {
        changes: entries.map((entry) => changeResponse(entry, caller)),
        next_cursor: nextBeforeSeq === undefined ? null : seqCursor.encode(nextBeforeSeq),
      };
    },
  );
};
