import { z } from "zod";
import { addressIn, type EndpointStore } from "../../endpoints/endpoint-commands.ts";
import type { Api } from "../../http/api.ts";
import { callerOf } from "../../http/auth/caller.ts";
import { endpointPathSchema } from "../../http/field-schemas.ts";
import { endpointNotFound, problemResponses, sendProblem } from "../../http/problem.ts";
import { countsIn, statsFields } from "./agent-stats.ts";
import { ENDPOINT_STATS_EXAMPLES } from "./list-examples.ts";
import { endpointAttemptsQuerySchema, narrowedBy, statsQuerySchema } from "./list-query.ts";
import {
  attemptsResponseSchema,
  deliveryRowResponse,
  deliveryRowSchema,
} from "./list-responses.ts";
import { attemptsPage, type ListDeps } from "./lists.ts";

export type EndpointListDeps = ListDeps & { readonly store: Pick<EndpointStore, "read"> };

/** The calls about what went to one endpoint. */
export const endpointListRoutes = (api: Api, deps: EndpointListDeps): void => {
  attemptsRoute(api, deps);
  statsRoute(api, deps);
};

/** The endpoint's id; undefined: there is none by this id or uid. */
const existing = async (
  workspaceId: string,
  named: string,
  { store }: EndpointListDeps,
): Promise<string | undefined> => {
  const address = addressIn(workspaceId, named);
  const { state } = await store.read(address);
  return state.kind === "absent" ? undefined : address.endpointId;
};

/** `GET /endpoints/{endpoint_id}/attempts`: the attempts at an endpoint, newest first by when they began. */
const attemptsRoute = (api: Api, deps: EndpointListDeps): void => {
  api.get(
    "/endpoints/:endpoint_id/attempts",
    {
      config: {
        audited: "payloads",
        permission: "read",
        documented: { problems: ["endpoint_not_found"] },
      },
      schema: {
        operationId: "listEndpointAttempts",
        summary: "List the attempts at an endpoint",
        description:
          "As `GET /attempts` with `endpoint_id`, which also has those at endpoints that were deleted.",
        tags: ["Endpoints"],
        params: endpointPathSchema,
        querystring: endpointAttemptsQuerySchema(deps.now),
        response: { 200: attemptsResponseSchema, ...problemResponses },
      },
    },
    async (request, reply) => {
      const { endpoint_id: named } = request.params;
      const { outcome: outcomes, reason: reasons } = request.query;
      const endpointId = await existing(callerOf(request).workspaceId, named, deps);
      if (endpointId === undefined) return sendProblem(reply, endpointNotFound(named));
      const query = { ...narrowedBy(request), endpointId, outcomes, reasons };
      return attemptsPage(query, callerOf(request), deps);
    },
  );
};

const { projection_lag: lag, ...counted } = statsFields;

const statsSchema = z.object({
  endpoint_id: z.string(),
  ...counted,
  oldest_waiting: deliveryRowSchema.nullable().meta({
    description: "Of deliveries that are pending or retrying, the first; of any time.",
  }),
  projection_lag: lag,
});

/** `GET /endpoints/{endpoint_id}/stats`: what the endpoint's attempts of the last time came to. */
const statsRoute = (api: Api, deps: EndpointListDeps): void => {
  const { projection, eventId, now } = deps;
  api.get(
    "/endpoints/:endpoint_id/stats",
    {
      config: { permission: "read", documented: { problems: ["endpoint_not_found"] } },
      schema: {
        operationId: "getEndpointStats",
        summary: "Read an endpoint's stats",
        description:
          "What the attempts at the endpoint came to, how long they took, and which delivery waits longest.",
        tags: ["Endpoints"],
        params: endpointPathSchema,
        querystring: statsQuerySchema,
        response: {
          200: statsSchema.meta({ "x-examples": ENDPOINT_STATS_EXAMPLES }),
          ...problemResponses,
        },
      },
    },
    async (request, reply) => {
      const { endpoint_id: named } = request.params;
      const { workspaceId, agents, endpoints } = callerOf(request);
      const endpointId = await existing(workspaceId, named, deps);
      if (endpointId === undefined) return sendProblem(reply, endpointNotFound(named));
      const untilMs = now().getTime();
      const sinceMs = untilMs - request.query.window;
      const projection_lag = projection.lag().total;
      const query = { workspaceId, agents, endpoints, endpointId, sinceMs, untilMs };
      const { oldestWaiting: oldest, ...stats } = await projection.endpointStats(query);
      return {
        endpoint_id: endpointId,
        since: new Date(stats.sinceMs).toISOString(),
        until: new Date(untilMs).toISOString(),
        ...countsIn(stats),
        oldest_waiting: oldest === undefined ? null : deliveryRowResponse(oldest, eventId),
        projection_lag,
      };
    },
  );
};
