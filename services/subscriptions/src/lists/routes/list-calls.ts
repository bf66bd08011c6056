import { EVENT_STATUSES } from "@ringback/contracts/deliveries/event-status";
import { z } from "zod";
import type { Api } from "../../http/api.ts";
import { callerOf } from "../../http/auth/caller.ts";
import { problemResponses } from "../../http/problem.ts";
import { callsQuerySchema } from "./list-query.ts";
import { page } from "./list-responses.ts";
import { cursorAfter, type ListDeps } from "./lists.ts";
import type { CallRow } from "../../projection/figures.ts";
import { CALLS_EXAMPLES } from "./call-examples.ts";

const callSchema = z.object({
  call_id: z.string(),
  agent_ids: z.array(z.string()).meta({
    description: "The agents that its events name, nearly always one; at most 20 of them.",
  }),
  first_event_at: z.string().meta({ description: "When its first event was stored." }),
  last_event_at: z.string(),
  events: z.int().meta({ description: "How many are kept." }),
  attempts: z.int().meta({ description: "At all of these events, of all their deliveries." }),
  status: z.enum(EVENT_STATUSES).meta({ description: "The worst of its deliveries'." }),
  next_attempt_at: z.string().nullable().meta({
    description: "When the next attempt at any of its events is due; null: none is.",
  }),
});

const callsSchema = z
  .object({ calls: z.array(callSchema), ...page })
  .meta({ "x-examples": CALLS_EXAMPLES });

/** `GET /calls`: the workspace's calls, newest first by when their first events were stored. */
export const listCallsRoute = (api: Api, { projection, now }: Omit<ListDeps, "records">): void => {
  api.get(
    "/calls",
    {
      config: { permission: "read" },
      schema: {
        operationId: "listCalls",
        summary: "List or search calls",
        description:
          "The calls whose events are kept, newest first by when the first of these was stored. It comes from an index: `projection_lag` says by how many messages that is behind.",
        tags: ["Calls"],
        querystring: callsQuerySchema(now),
        response: { 200: callsSchema, ...problemResponses },
      },
    },
    async (request) => {
      const { agent_id, call_id, since, until, cursor, limit } = request.query;
      const projection_lag = projection.lag().total;
      const { workspaceId, agents, endpoints } = callerOf(request);
      const { rows, next } = await projection.calls({
        workspaceId,
        agents,
        endpoints,
        agentId: agent_id,
        callId: call_id,
        sinceMs: since,
        untilMs: until,
        after: cursor,
        limit,
      });
      return {
        calls: rows.map(callResponse),
        next_cursor: cursorAfter("calls", next),
        projection_lag,
      };
    },
  );
};

const callResponse = (call: CallRow): z.infer<typeof callSchema> => ({
  call_id: call.callId,
  agent_ids: [...call.agentIds],
  first_event_at: new Date(call.firstEventAtMs).toISOString(),
  last_event_at: new Date(call.lastEventAtMs).toISOString(),
  events: call.events,
  attempts: call.attempts,
  status: call.status,
  next_attempt_at:
    call.nextAttemptAtMs === undefined ? null : new Date(call.nextAttemptAtMs).toISOString(),
});
