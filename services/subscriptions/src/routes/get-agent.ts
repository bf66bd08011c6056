import { isId } from "@ringback/contracts/id";
import { z } from "zod";
import { agentAnswer, agentAnswerSchema, problemAnswers } from "../answer-schemas.ts";
import { callerOf } from "../caller.ts";
import { agentNotFound } from "../command-problem.ts";
import { entityTag, entityTagsIn, type EntityTags } from "../decide/entity-tag.ts";
import { sendProblem, type Problem } from "../problem.ts";
import { agentPathSchema } from "../request-schemas.ts";
import type { Api, RouteDeps } from "./api.ts";

const INVALID_IF_NONE_MATCH: Problem = {
  code: "bad_request",
  detail:
    'If-None-Match: expected the ETag of an agent such as "3" with its quotes, a list of them, or *.',
};

const tagsIn = (header: string | undefined): EntityTags | undefined =>
  header === undefined ? undefined : entityTagsIn(header);

/** `If-None-Match` compares weakly (RFC 9110 section 13.1.2). */
const names = (tags: EntityTags, version: number): boolean =>
  tags.kind === "any" ||
  (tags.kind === "tags" && tags.tags.some(({ opaque }) => opaque === String(version)));

/** `GET /agent/v1/{agent_id}`: the agent as the last stored change left it. */
export const getAgentRoute = (api: Api, { commands }: RouteDeps): void => {
  api.get(
    "/agent/v1/:agent_id",
    {
      config: {
        scope: "read",
        documented: { problems: ["agent_not_found"], takes: ["If-None-Match"], gives: ["ETag"] },
      },
      schema: {
        operationId: "getAgent",
        summary: "Read an agent",
        description:
          "The agent as the last stored change left it, whichever instance stored it. A key without the scope `write` sees `<redacted>` in place of header values and the queries of URLs.",
        tags: ["Agents"],
        params: agentPathSchema,
        response: { 200: agentAnswerSchema, 304: z.undefined(), ...problemAnswers },
      },
    },
    async (request, reply) => {
      const known = tagsIn(request.headers["if-none-match"]);
      if (known?.kind === "invalid") return sendProblem(reply, INVALID_IF_NONE_MATCH);
      const { agent_id: agentId } = request.params;
      const { workspaceId } = callerOf(request);
      if (!isId(agentId)) return sendProblem(reply, agentNotFound(agentId));
      const { state } = await commands.store.read({ workspaceId, agentId });
      if (state.kind === "absent") return sendProblem(reply, agentNotFound(agentId));
      reply.header("etag", entityTag(state.version));
      if (known !== undefined && names(known, state.version)) return reply.code(304).send();
      return agentAnswer(state.agent, state.version, callerOf(request));
    },
  );
};
