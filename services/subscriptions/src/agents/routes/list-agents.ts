import { problemResponses } from "../../http/problem.ts";
import { AGENTS_EXAMPLES } from "./agent-examples.ts";
import { agentListResponseSchema } from "./agent-response.ts";
import { callerOf } from "../../http/auth/caller.ts";
import { agentCursor, pagination } from "../../http/pagination.ts";
import { z } from "zod";
import type { Api } from "../../http/api.ts";
import type { AgentIndex } from "../agent-index.ts";

/** The query of `GET /assistant`. */
export const listQuerySchema = z.strictObject(pagination(agentCursor));

/** `GET /assistant`: the workspace's agents in pages, ordered by id. */
export const listAgentsRoute = (api: Api, index: AgentIndex): void => {
  api.get(
    "/assistant",
    {
      config: { permission: "read" },
      schema: {
        operationId: "listAgents",
        summary: "List the workspace's agents",
        description:
          "In pages, ordered by id. The list has every change that was confirmed to a caller before.",
        tags: ["Agents"],
        querystring: listQuerySchema,
        response: {
          200: agentListResponseSchema.meta({ "x-examples": AGENTS_EXAMPLES }),
          ...problemResponses,
        },
      },
    },
    async (request) => {
      const { limit, cursor } = request.query;
      await index.upToDate();
      const { agents, hasMore } = index.page(callerOf(request), limit, { after: cursor });
      const last = agents.at(-1);
      const next_cursor = hasMore && last !== undefined ? agentCursor.encode(last.agent_id) : null;
      return { agents, next_cursor };
    },
  );
};
