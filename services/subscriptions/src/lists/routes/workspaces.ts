import { idSchema, isId } from "@ringback/contracts/id";
import { z } from "zod";
import type { AgentIndex } from "../../agents/agent-index.ts";
import type { Api } from "../../http/api.ts";
import { cursorOf, pagination } from "../../http/pagination.ts";
import { problemResponses } from "../../http/problem.ts";
import { shortestBucketMs, type Figures, type Overview } from "../../projection/figures.ts";
import type { Projection } from "../../projection/projection.ts";
import { bucketsOf, OVERVIEW_BUCKETS } from "../decide/buckets.ts";
import { page } from "./list-responses.ts";
import { WORKSPACES_EXAMPLES } from "./overview-examples.ts";

type WorkspacesDeps = {
  readonly index: Pick<AgentIndex, "workspaceIds" | "stored">;
  readonly projection: Pick<Projection, "lag"> & Pick<Figures, "overview" | "workspacesAfter">;
  /** Workspaces that keys are of. */
  readonly ofKeys: () => Iterable<string>;
  readonly now: () => Date;
};

const workspaceCursor = cursorOf<string>(
  (workspaceId) => `workspaces:${workspaceId}`,
  (text) => {
    const workspaceId = text.replace(/^workspaces:/, "");
    return isId(workspaceId) ? workspaceId : undefined;
  },
);

const workspaceSchema = z.object({
  workspace_id: idSchema,
  agents: z.int(),
  endpoints: z.int(),
  failing_endpoints: z.int().meta({
    description:
      "Endpoints, and agents' subscriptions, of which at least half of the attempts of 24 hours failed; 20 at most are counted.",
  }),
  events: z.int().meta({ description: "Of 24 hours, as the figures below." }),
  delivered: z.int().meta({ description: "Attempts that were delivered." }),
  failed: z.int(),
  cancelled: z.int(),
  given_up: z.int(),
});

const responseSchema = z
  .object({ workspaces: z.array(workspaceSchema), ...page })
  .meta({ "x-examples": WORKSPACES_EXAMPLES });

/** `GET /workspaces`: all workspaces that have something, for operators. */
export const workspacesRoute = (api: Api, deps: WorkspacesDeps): void => {
  api.get(
    "/workspaces",
    {
      config: { permission: "read", operator: true },
      schema: {
        operationId: "listWorkspaces",
        summary: "List workspaces",
        description:
          "Every workspace that has agents, endpoints, events or keys, ordered by id, with what came of its events in 24 hours. For operators.",
        tags: ["Access"],
        querystring: z.strictObject(pagination(workspaceCursor)),
        response: { 200: responseSchema, ...problemResponses },
      },
    },
    async (request) => {
      const { limit, cursor: after = "" } = request.query;
      const projection_lag = deps.projection.lag().total;
      const ids = await knownAfter(after, limit + 1, deps);
      const workspaces = [];
      for (const id of ids.slice(0, limit)) workspaces.push(await workspaceOf(id, deps));
      const last = ids.length > limit ? ids[limit - 1] : undefined;
      const next_cursor = last === undefined ? null : workspaceCursor.encode(last);
      return { workspaces, next_cursor, projection_lag };
    },
  );
};

const knownAfter = async (
  after: string,
  limit: number,
  { index, projection, ofKeys }: WorkspacesDeps,
): Promise<string[]> => {
  const ofEvents = await projection.workspacesAfter(after, limit);
  const all = new Set([...index.workspaceIds(), ...ofKeys(), ...ofEvents]);
  // As SQLite orders them: by bytes.
  return [...all]
    .filter((id) => id > after && isId(id))
    .toSorted((a, b) => (a < b ? -1 : 1))
    .slice(0, limit);
};

const DAY = OVERVIEW_BUCKETS["24h"];

const workspaceOf = async (
  workspaceId: string,
  { index, projection, now }: WorkspacesDeps,
): Promise<z.infer<typeof workspaceSchema>> => {
  const buckets = bucketsOf(DAY, now().getTime(), shortestBucketMs(undefined));
  const overview = await projection.overview({ workspaceId, agentIds: undefined, ...buckets });
  const { events, delivered, failed, cancelled, deadLettered } = overview;
  const stored = index.stored({ workspaceId, agentId: "_" });
  return {
    workspace_id: workspaceId,
    agents: stored.agents,
    endpoints: stored.endpoints,
    failing_endpoints: overview.failing.filter(isFailing).length,
    events,
    delivered,
    failed: sumOf(failed),
    cancelled,
    given_up: sumOf(deadLettered),
  };
};

const isFailing = ({ attempted, failed }: Overview["failing"][number]): boolean =>
  2 * failed >= attempted;

const sumOf = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);
