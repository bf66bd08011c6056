import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Sight } from "../../sight/decide/sight.ts";
import { endpointHash, type Ids } from "../file/ids.ts";
import type { Ranges, Seen } from "./row-queries.ts";

/** Undefined: the caller is not bound, and sees all of its workspace. */
export const seenIn = (ids: Ids, { workspaceId, agents, endpoints }: Sight): Seen | undefined =>
  agents === undefined
    ? undefined
    : {
        agents: [...agents].flatMap((agent) => ids.agent(workspaceId, agent) ?? []),
        endpoints: [0, ...[...(endpoints ?? [])].map((id) => endpointHash(workspaceId, id))],
      };

type Wanted = Pick<Ranges, "table" | "rows" | "facets">;

/** Ranges of one agent each, and of deliveries also of one endpoint each. */
type OfAgent = Wanted & Pick<Ranges, "by" | "value" | "agent" | "endpoint" | "before">;

/**
 * The ranges that hold the rows of some agents and endpoints, of the facets that are there: of 200 agents and a hundred facets
 * most have no row, and would cost a query each.
 */
export const seenRanges = (db: DatabaseSync) => {
  const prepared = new Map<string, StatementSync>();
  const statement = (sql: string): StatementSync => {
    const known = prepared.get(sql) ?? db.prepare(sql);
    prepared.set(sql, known);
    return known;
  };
  return (wanted: Wanted, { agents, endpoints }: Seen): OfAgent[] => {
    const { table } = wanted;
    const ofAgents = JSON.stringify(agents);
    if (table === "events") {
      return under(wanted, statement(agentFacetsSql("events", "agent")).all(ofAgents), "agent");
    }
    // Of deliveries, those to agents' subscriptions have an endpoint's number too: 0.
    const alone =
      table === "deliveries" || !endpoints.includes(0)
        ? []
        : statement(agentFacetsSql(table, "agent_alone")).all(ofAgents);
    const at = table === "deliveries" ? endpoints : endpoints.filter((one) => one !== 0);
    const toEndpoints =
      at.length === 0 ? [] : statement(endpointFacetsSql(table)).all(JSON.stringify(at), ofAgents);
    const ofEndpoints = under(wanted, toEndpoints, "endpoint").map((range) => ({
      ...range,
      before: { endpoints: at.slice(0, at.indexOf(range.value)), facets: wanted.facets },
    }));
    return [...under(wanted, alone, "agent_alone"), ...ofEndpoints];
  };
};

type Row = Readonly<Record<string, unknown>>;

/** The ranges of the facets that were found, of one agent and endpoint each. */
const under = (wanted: Wanted, rows: readonly Row[], by: OfAgent["by"]): OfAgent[] => {
  const facets = new Set(wanted.facets);
  const byPair = Map.groupBy(
    rows.filter((row) => facets.has(Number(row["facet"]))),
    (row) => `${Number(row["endpoint"])}.${Number(row["agent"])}`,
  );
  return [...byPair.values()].flatMap((found) => {
    const [first] = found;
    if (first === undefined) return [];
    const agent = Number(first["agent"]);
    const endpoint = by === "endpoint" ? Number(first["endpoint"]) : undefined;
    const own = found.map((row) => Number(row["facet"]));
    return [{ ...wanted, facets: own, by, value: endpoint ?? agent, agent, endpoint }];
  });
};

/** Each step of these recursions is one search: for the next facet that there is. */
const agentFacetsSql = (table: string, by: "agent" | "agent_alone"): string => {
  const from = `FROM ${table} AS t INDEXED BY ${table}_by_${by}`;
  const isAlone = by === "agent_alone" ? " AND t.endpoint IS NULL" : "";
  return `
    WITH RECURSIVE found (agent, facet) AS (
      SELECT a.value, (SELECT min(t.facet) ${from} WHERE t.agent = a.value${isAlone})
      FROM json_each(?) AS a
      UNION ALL
      SELECT found.agent, (SELECT min(t.facet) ${from} WHERE t.agent = found.agent AND t.facet > found.facet${isAlone})
      FROM found WHERE found.facet IS NOT NULL
    ) SELECT 0 AS endpoint, agent, facet FROM found WHERE facet IS NOT NULL`;
};

const endpointFacetsSql = (table: string): string => {
  const from = `FROM ${table} AS t INDEXED BY ${table}_by_endpoint_agent`;
  return `
    WITH RECURSIVE found (endpoint, agent, facet) AS (
      SELECT e.value, a.value, (SELECT min(t.facet) ${from} WHERE t.endpoint = e.value AND t.agent = a.value)
      FROM json_each(?) AS e CROSS JOIN json_each(?) AS a
      UNION ALL
      SELECT found.endpoint, found.agent,
        (SELECT min(t.facet) ${from} WHERE t.endpoint = found.endpoint AND t.agent = found.agent AND t.facet > found.facet)
      FROM found WHERE found.facet IS NOT NULL
    ) SELECT endpoint, agent, facet FROM found WHERE facet IS NOT NULL`;
};
