import { listAnswerSchema, problemAnswers } from "./agent-response.ts";
import { callerOf } from "../../http/auth/caller.ts";
import { cursorAfter } from "../../http/list-cursor.ts";
import { listQuerySchema } from "./patch-schema.ts";
import type { Api, RouteDeps } from "../../http/api.ts";

/** `GET /assistant`: the workspace's agents in pages, ordered by id. */
export const listAgentsRoute = (api: Api, { commands, index }: RouteDeps): void => {
  api.get(
    "/assistant",
    {
      config: { scope: "read" },
      schema: {
        operationId: "listAgents",
        summary: "List the workspace's agents",
        description: "In pages, ordered by id. What anybody was told is stored is in it.",
        tags: ["Agents"],
        querystring: listQuerySchema,
        response: { 200: listAnswerSchema, ...problemAnswers },
      },
    },
    async (request) => {
      const { limit, cursor } = request.query;
      const { workspaceId } = callerOf(request);
      // What anybody was told is stored must be in the answer, whichever instance stored it.
      await index.applied(await commands.store.lastSeq());
      const { agents, hasMore } = index.page(workspaceId, limit, cursor);
      const last = agents.at(-1);
      const next_cursor = hasMore && last !== undefined ? cursorAfter(last.agent_id) : null;
      return {
        agents: agents.map((a) => ({ ...a, event_types: [...a.event_types] })),
        next_cursor,
      };
    },
  );
};
