import { z } from "zod";
import { ENVELOPED_AGENTS_EXAMPLES, ENVELOPED_EXAMPLES } from "./agent-examples.ts";
import { agentResponse, agentResponseSchema, agentListResponseSchema } from "./agent-response.ts";
import { callerOf } from "../../http/auth/caller.ts";
import { agentNotFound, problemResponses, sendProblem } from "../../http/problem.ts";
import { noQuerySchema } from "../../http/pagination.ts";
import { agentPathSchema } from "../../http/field-schemas.ts";
import type { Api } from "../../http/api.ts";
import type { AgentIndex } from "../agent-index.ts";
import type { AgentStore } from "../agent-commands.ts";
import { listQuerySchema } from "./list-agents.ts";

const id = z.string().meta({ description: "The same as `agent_id`" });

const oneSchema = z.object({ agents: agentResponseSchema.extend({ id }) }).meta({
  id: "EnvelopedAgent",
  description: "One agent, in the envelope of platforms like Ringg.",
});

const allSchema = z
  .object({
    agents: z.array(agentListResponseSchema.shape.agents.element.extend({ id })),
    total: z.int().meta({ description: "How many agents the workspace has" }),
    limit: z.int(),
    offset: z.int(),
  })
  .meta({ id: "EnvelopedAgents" });

/** The query of `GET /agent/all`. */
const offsetQuerySchema = z.strictObject({
  limit: listQuerySchema.shape.limit,
  offset: z
    .string()
    .regex(/^\d{1,9}$/, "must be a whole number")
    .transform(Number)
    .pipe(z.number())
    .default(0)
    .meta({
      description: "How many agents are left out",
      documentedAs: { type: "integer", minimum: 0, default: 0 },
    }),
});

/** `GET /agent/all` and `GET /agent/{agent_id}`: agents for programs that were written for Ringg's API. */
export const agentsEnvelopeRoutes = (
  api: Api,
  store: Pick<AgentStore, "read">,
  index: AgentIndex,
): void => {
  allRoute(api, index);
  oneRoute(api, store);
};

const allRoute = (api: Api, index: AgentIndex): void => {
  api.get(
    "/agent/all",
    {
      config: { permission: "read" },
      schema: {
        operationId: "listAllAgents",
        summary: "List agents by offset",
        description:
          "The workspace's agents by id, as `GET /assistant` lists them, for programs that page by `offset`.",
        tags: ["Agents"],
        querystring: offsetQuerySchema,
        response: {
          200: allSchema.meta({ "x-examples": ENVELOPED_AGENTS_EXAMPLES }),
          ...problemResponses,
        },
      },
    },
    async (request) => {
      const { limit, offset } = request.query;
      await index.upToDate();
      const page = index.page(callerOf(request), limit, { offset });
      const agents = page.agents.map((agent) => ({ ...agent, id: agent.agent_id }));
      return { agents, total: page.total, limit, offset };
    },
  );
};

const oneRoute = (api: Api, store: Pick<AgentStore, "read">): void => {
  api.get(
    "/agent/:agent_id",
    {
      config: {
        audited: "secrets",
        permission: "read",
        documented: { problems: ["agent_not_found"] },
      },
      schema: {
        operationId: "getEnvelopedAgent",
        summary: "Read an agent in an envelope",
        description:
          "The response of `GET /agent/v1/{agent_id}`, as `agents`. Agents with the ids `all` and `v1` can only be read there.",
        tags: ["Agents"],
        params: agentPathSchema,
        querystring: noQuerySchema,
        response: {
          200: oneSchema.meta({ "x-examples": ENVELOPED_EXAMPLES }),
          ...problemResponses,
        },
      },
    },
    async (request, reply) => {
      const { agent_id: agentId } = request.params;
      const caller = callerOf(request);
      const { state } = await store.read({ workspaceId: caller.workspaceId, agentId });
      if (state.kind === "absent") return sendProblem(reply, agentNotFound(agentId));
      return { agents: { id: agentId, ...agentResponse(state.agent, state.version, caller) } };
    },
  );
};
