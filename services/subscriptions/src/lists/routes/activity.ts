import { idSchema } from "@ringback/contracts/id";
import { z } from "zod";
import { addressIn } from "../../endpoints/endpoint-commands.ts";
import type { Api } from "../../http/api.ts";
import { callerOf } from "../../http/auth/caller.ts";
import { severalOf } from "../../http/field-schemas.ts";
import { problemResponses } from "../../http/problem.ts";
import { page } from "./list-responses.ts";
import type { ActivityRow } from "../../projection/figures.ts";
import { ACTIVITY_BUCKETS, bucketsOf, known, type Buckets } from "../decide/buckets.ts";
import { ACTIVITY_EXAMPLES } from "./overview-examples.ts";
import { periodSchema, spanFields, spanResponse, type OverviewDeps } from "./overview.ts";

const NAMED = "Repeated, or with commas, up to 50.";

const querySchema = z
  .strictObject({
    period: periodSchema,
    endpoint_id: severalOf(z.string().min(1).max(128))
      .optional()
      .meta({ description: `Endpoints by their ids or uids. ${NAMED}` }),
    agent_id: severalOf(idSchema)
      .optional()
      .meta({ description: `Agents. ${NAMED}` }),
  })
  .refine(({ endpoint_id, agent_id }) => endpoint_id !== undefined || agent_id !== undefined, {
    error: "name endpoints, or agents in agent_id",
    path: ["endpoint_id"],
  });

const numbers = z.array(z.int().nullable());

const counts = {
  delivered: numbers.meta({ description: "Attempts of each bucket, oldest first." }),
  failed: numbers.meta({ description: "null: from before what is kept, and so unknown." }),
};

const activitySchema = z
  .object({
    ...spanFields,
    endpoints: z.array(z.object({ endpoint_id: z.string(), ...counts })).meta({
      description: "In the order of the query; zeros for one that got nothing.",
    }),
    agents: z.array(z.object({ agent_id: z.string(), ...counts })).meta({
      description: "The same, of the attempts at their events, at all destinations.",
    }),
    projection_lag: page.projection_lag,
  })
  .meta({ "x-examples": ACTIVITY_EXAMPLES });

/** `GET /activity`: small graphs for a page of endpoints or agents, with one request. */
export const activityRoute = (api: Api, deps: OverviewDeps): void => {
  const { projection, now } = deps;
  api.get(
    "/activity",
    {
      config: { permission: "read" },
      schema: {
        operationId: "getActivity",
        summary: "Read the activity of endpoints and agents",
        description:
          "Delivered and failed attempts over time, of up to 50 endpoints and up to 50 agents; without tests. Buckets are of five minutes, an hour or six hours.",
        tags: ["Overview"],
        querystring: querySchema,
        response: { 200: activitySchema, ...problemResponses },
      },
    },
    async (request) => {
      const { period, endpoint_id: named = [], agent_id: agentIds = [] } = request.query;
      const { workspaceId, agents, endpoints } = callerOf(request);
      const nowMs = now().getTime();
      const buckets = bucketsOf(ACTIVITY_BUCKETS[period], nowMs);
      const projection_lag = projection.lag().total;
      const endpointIds = named.map((one) => addressIn(workspaceId, one).endpointId);
      const sight = { workspaceId, agents, endpoints };
      const found = await projection.activity({ ...sight, endpointIds, agentIds, ...buckets });
      const rows = rowsResponse(buckets, projection.attemptsKnownSinceMs(nowMs));
      return {
        ...spanResponse({ buckets, nowMs }),
        endpoints: rows("endpoint_id", endpointIds, found.endpoints),
        agents: rows("agent_id", agentIds, found.agents),
        projection_lag,
      };
    },
  );
};

const rowsResponse =
  (buckets: Buckets, knownMs: number) =>
  <Name extends "endpoint_id" | "agent_id">(
    name: Name,
    ids: readonly string[],
    rows: readonly ActivityRow[],
  ) =>
    rows.map((row, n) => ({
      ...({ [name]: ids[n] ?? "" } as Record<Name, string>),
      delivered: known(row.delivered, buckets, knownMs),
      failed: known(row.failed, buckets, knownMs),
    }));
