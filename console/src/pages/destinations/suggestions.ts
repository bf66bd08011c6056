import { useQuery } from "@tanstack/react-query";
import { api, dataOf, textOf } from "../../api/client.ts";
import { parseExact } from "../../format/exact-json.ts";
import type { Catalogue } from "./api-types.ts";

const LONG_MS = 60_000;
const MAX_AGENTS = 200;

/** The catalogue of event types. The numbers of schemas and examples keep every digit. */
export const useEventTypes = () =>
  useQuery({
    queryKey: ["event-types"],
    queryFn: async ({ signal }) => parseExact(await textOf("/event-types", signal)) as Catalogue,
    staleTime: LONG_MS,
  });

/** The names of event types that calls have, for fields to suggest. */
export const useTypeNames = (): readonly string[] =>
  (useEventTypes().data?.event_types ?? []).map(({ event_type }) => event_type);

/** Ids of agents, for fields to suggest. */
export const useAgentIds = (): readonly string[] => {
  const agents = useQuery({
    queryKey: ["agent-ids"],
    queryFn: ({ signal }) =>
      dataOf(api.GET("/assistant", { params: { query: { limit: MAX_AGENTS } }, signal })),
    staleTime: LONG_MS,
  });
  return (agents.data?.agents ?? []).map(({ agent_id }) => agent_id);
};
