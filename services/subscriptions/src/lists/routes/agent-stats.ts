import { FAILURE_REASONS } from "@ringback/contracts/deliveries/attempt";
import { z } from "zod";
import { callerOf } from "../../http/auth/caller.ts";
import { agentNotFound, problemResponses, sendProblem } from "../../http/problem.ts";
import { eventRowResponse, eventRowSchema, page } from "./list-responses.ts";
import { STATS_EXAMPLES } from "./list-examples.ts";
import { statsQuerySchema } from "./list-query.ts";
import { agentPathSchema } from "../../http/field-schemas.ts";
import type { Api } from "../../http/api.ts";
import type { AgentStore } from "../../agents/agent-commands.ts";
import type { AttemptStats } from "../../projection/projection.ts";
import type { ListDeps } from "./lists.ts";

export type StatsDeps = Pick<ListDeps, "projection" | "eventId" | "now"> & {
  readonly store: Pick<AgentStore, "read">;
};

/** What the stats of agents and endpoints have in common. */
export const statsFields = {
  since: z.string().meta({ description: "Where the window begins: at a whole five minutes." }),
  until: z.string(),
  attempts: z
    .object({
      delivered: z.int(),
      failed: z.int(),
      cancelled: z.int(),
      failed_by_reason: z.partialRecord(z.enum(FAILURE_REASONS), z.int()).meta({
        description:
          "`status` and `protocol` are the destination's (one path), `dns`, `connection_refused`, `connection_reset`, `tls` and `blocked_address` the origin's (its host), `timeout` either's, which each attempt's `detail` says.",
      }),
    })
    .meta({ description: "Attempts that began in the window, by outcome; without tests." }),
  duration_ms: z
    .object({ p50: z.int().nullable(), p95: z.int().nullable() })
    .meta({ description: "Of attempts that sent a request, within 6 %; null: there were none." }),
  projection_lag: page.projection_lag,
};

const responseSchema = z.object({
  agent_id: z.string(),
  since: statsFields.since,
  until: statsFields.until,
  attempts: statsFields.attempts,
  invalid_events: z.int().meta({
    description: "Given up before an attempt in the window: dead letters `invalid_event`.",
  }),
  duration_ms: statsFields.duration_ms,
  oldest_waiting: eventRowSchema.nullable().meta({
    description: "Of events that are pending or retrying, the first; of any time.",
  }),
  projection_lag: statsFields.projection_lag,
});

/** `GET /agent/v1/{agent_id}/stats`: what the agent's attempts of the last time came to. */
export const agentStatsRoute = (api: Api, { store, now, projection, eventId }: StatsDeps): void => {
  api.get(
    "/agent/v1/:agent_id/stats",
    {
      config: { permission: "read", documented: { problems: ["agent_not_found"] } },
      schema: {
        operationId: "getAgentStats",
        summary: "Read an agent's stats",
        description:
          "What the attempts at the agent's events came to, at all their destinations, how long they took, and which event waits longest.",
        tags: ["Agents"],
        params: agentPathSchema,
        querystring: statsQuerySchema,
        response: {
          200: responseSchema.meta({ "x-examples": STATS_EXAMPLES }),
          ...problemResponses,
        },
      },
    },
    async (request, reply) => {
      const { agent_id } = request.params;
      const { workspaceId, agents, endpoints } = callerOf(request);
      const { state } = await store.read({ workspaceId, agentId: agent_id });
      if (state.kind === "absent") return sendProblem(reply, agentNotFound(agent_id));
      const untilMs = now().getTime();
      const sinceMs = untilMs - request.query.window;
      const projection_lag = projection.lag().total;
      const { oldestWaiting, ...stats } = await projection.stats({
        workspaceId,
        agents,
        endpoints,
        agentId: agent_id,
        sinceMs,
        untilMs,
      });
      return {
        agent_id,
        since: new Date(stats.sinceMs).toISOString(),
        until: new Date(untilMs).toISOString(),
        ...countsIn(stats),
        invalid_events: stats.invalid,
        oldest_waiting:
          oldestWaiting === undefined ? null : eventRowResponse(oldestWaiting, eventId),
        projection_lag,
      };
    },
  );
};

/** The counts of an agent's or endpoint's attempts for a caller. */
export const countsIn = ({ delivered, failed, cancelled, p50Ms, p95Ms }: AttemptStats) => ({
  attempts: {
    delivered,
    failed: Object.values(failed).reduce((sum, count) => sum + count, 0),
    cancelled,
    failed_by_reason: failed,
  },
  duration_ms: { p50: p50Ms ?? null, p95: p95Ms ?? null },
});
