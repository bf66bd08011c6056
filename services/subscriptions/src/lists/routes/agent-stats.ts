import { callerOf } from "../../http/auth/caller.ts";
import { agentNotFound, problemResponses, sendProblem } from "../../http/problem.ts";
import { statsResponse, statsResponseSchema } from "./list-responses.ts";
import { statsQuerySchema } from "./list-query.ts";
import { agentPathSchema } from "../../http/field-schemas.ts";
import type { Api } from "../../http/api.ts";
import type { AgentStore } from "../../agents/agent-store.ts";
import type { Projection } from "../../projection/projection.ts";

export type StatsDeps = {
  readonly store: Pick<AgentStore, "read">;
  readonly projection: Projection;
  readonly now: () => Date;
  /** The id of the event with this sequence on EVENTS. */
  readonly eventId: (seq: number) => string;
};

/** `GET /agent/v1/{agent_id}/stats`: what the agent's attempts of the last time came to. */
export const agentStatsRoute = (api: Api, { store, now, projection, eventId }: StatsDeps): void => {
  api.get(
    "/agent/v1/:agent_id/stats",
    {
      config: { scope: "read", documented: { problems: ["agent_not_found"] } },
      schema: {
        operationId: "getAgentStats",
        summary: "Read an agent's stats",
        description:
          "What the agent's attempts of the last time came to, how long they took, and which event waits longest.",
        tags: ["Agents"],
        params: agentPathSchema,
        querystring: statsQuerySchema,
        response: { 200: statsResponseSchema, ...problemResponses },
      },
    },
    async (request, reply) => {
      const { agent_id } = request.params;
      const { workspaceId } = callerOf(request);
      const { state } = await store.read({ workspaceId, agentId: agent_id });
      if (state.kind === "absent") return sendProblem(reply, agentNotFound(agent_id));
      const untilMs = now().getTime();
      const sinceMs = untilMs - request.query.window;
      const projection_lag = projection.lag().total;
      const stats = await projection.stats({ workspaceId, agentId: agent_id, sinceMs, untilMs });
      return {
        agent_id,
        since: new Date(stats.sinceMs).toISOString(),
        until: new Date(untilMs).toISOString(),
        ...statsResponse(stats, eventId),
        projection_lag,
      };
    },
  );
};
