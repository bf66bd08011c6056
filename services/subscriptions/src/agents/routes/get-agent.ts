import { z } from "zod";
import { AGENT_EXAMPLES } from "./agent-examples.ts";
import { agentResponse, agentResponseSchema } from "./agent-response.ts";
import { callerOf } from "../../http/auth/caller.ts";
import { entityTag } from "../../commands/decide/entity-tag.ts";
import { namesTag } from "../../commands/decide/precondition.ts";
import { entityTagsOf } from "../../commands/routes/run-request.ts";
import { agentNotFound, problemResponses, sendProblem } from "../../http/problem.ts";
import { agentPathSchema, momentSchema } from "../../http/field-schemas.ts";
import type { Api } from "../../http/api.ts";
import type { AgentHistory, AgentStore } from "../agent-commands.ts";

const querySchema = (now: () => Date) =>
  z.strictObject({
    at: momentSchema(now).optional().meta({
      description: "The agent as it was then, without an ETag.",
    }),
  });

export type GetAgentDeps = {
  readonly store: Pick<AgentStore, "read">;
  readonly history: AgentHistory;
  readonly now: () => Date;
};

/** `GET /agent/v1/{agent_id}`: the agent as the last stored change left it, or as it was at a time. */
export const getAgentRoute = (api: Api, { store, history, now }: GetAgentDeps): void => {
  api.get(
    "/agent/v1/:agent_id",
    {
      config: {
        audited: "secrets",
        permission: "read",
        documented: { problems: ["agent_not_found"], takes: ["If-None-Match"], gives: ["ETag"] },
      },
      schema: {
        operationId: "getAgent",
        summary: "Read an agent",
        description:
          "The agent as the last stored change left it, whichever instance stored it. A key without the scope `write` sees `<redacted>` in place of header values and the queries of URLs.",
        tags: ["Agents"],
        params: agentPathSchema,
        querystring: querySchema(now),
        response: {
          200: agentResponseSchema.meta({ "x-examples": AGENT_EXAMPLES }),
          304: z.undefined(),
          ...problemResponses,
        },
      },
    },
    async (request, reply) => {
      const { at } = request.query;
      const { agent_id: agentId } = request.params;
      const caller = callerOf(request);
      const { workspaceId } = caller;
      if (at !== undefined) {
        // Without an ETag: changes are made over the agent as it is now.
        const state = await history.stateAt({ workspaceId, agentId }, at);
        if (state.kind === "absent") {
          return sendProblem(reply, agentNotFound(agentId, new Date(at).toISOString()));
        }
        return agentResponse(state.agent, state.version, caller);
      }
      const known = entityTagsOf("If-None-Match", request.headers["if-none-match"]);
      const { state } = await store.read({ workspaceId, agentId });
      if (state.kind === "absent") return sendProblem(reply, agentNotFound(agentId));
      const isWhole = caller.permissions.has("secrets");
      const tag = entityTag(state.version, isWhole ? "whole" : "redacted");
      reply.header("etag", tag);
      if (known !== undefined && namesTag(known, tag)) return reply.code(304).send();
      return agentResponse(state.agent, state.version, caller);
    },
  );
};
