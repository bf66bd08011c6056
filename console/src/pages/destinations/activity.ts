import { useQueries } from "@tanstack/react-query";
import { api, dataOf } from "../../api/client.ts";
import type { Activity } from "../../ui/figures.tsx";

/** As many as one request may name. */
const MAX_IDS = 50;
const EVERY_MS = 60_000;

type Entry = readonly [id: string, activity: Activity];

const chunksOf = (ids: readonly string[]): readonly string[][] =>
  Array.from({ length: Math.ceil(ids.length / MAX_IDS) }, (_, at) =>
    ids.slice(at * MAX_IDS, (at + 1) * MAX_IDS),
  );

/** What went to these endpoints or agents in the last 24 hours, by id: a request for 50 of them. */
export const useActivity = (
  kind: "endpoint_id" | "agent_id",
  ids: readonly string[],
): ReadonlyMap<string, Activity> => {
  const results = useQueries({
    queries: chunksOf(ids).map((chunk) => ({
      queryKey: ["activity", kind, chunk],
      queryFn: async ({ signal }: { readonly signal: AbortSignal }) => {
        const query = { period: "24h", [kind]: chunk } as const;
        const found = await dataOf(api.GET("/activity", { params: { query }, signal }));
        return [
          ...found.endpoints.map((one): Entry => [one.endpoint_id, one]),
          ...found.agents.map((one): Entry => [one.agent_id, one]),
        ];
      },
      refetchInterval: EVERY_MS,
    })),
  });
  return new Map(results.flatMap(({ data }) => data ?? []));
};
