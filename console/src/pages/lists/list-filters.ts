import { useQuery } from "@tanstack/react-query";
import { api, dataOf } from "../../api/client.ts";
import type { Filter } from "../../ui/filters.tsx";

const KNOWN_MS = 60_000;

const SINCE = ["15m", "1h", "24h", "7d"];

/** What a filter offers, from what the workspace has. */
type Known = {
  readonly types: readonly string[];
  readonly agents: readonly string[];
  readonly endpoints: readonly string[];
};

const NOTHING: Known = { types: [], agents: [], endpoints: [] };

/** The workspace's event types, agents and endpoints; of many only the first. Without them, filters are typed. */
const useKnown = (): Known => {
  const known = useQuery({
    queryKey: ["known"],
    queryFn: async ({ signal }): Promise<Known> => {
      const query = { limit: 200 };
      const [types, agents, endpoints] = await Promise.all([
        dataOf(api.GET("/event-types", { signal })),
        dataOf(api.GET("/assistant", { params: { query }, signal })),
        dataOf(api.GET("/endpoints", { params: { query }, signal })),
      ]);
      return {
        types: types.event_types.map(({ event_type: type }) => type),
        agents: agents.agents.map(({ agent_id: id }) => id),
        endpoints: endpoints.endpoints.map(({ uid, endpoint_id: id }) => uid ?? id),
      };
    },
    staleTime: KNOWN_MS,
  });
  return known.data ?? NOTHING;
};

/** The filters that all lists of events, deliveries and dead letters have; `first` comes before them. */
export const useListFilters = (first: readonly Filter[]): readonly Filter[] => {
  const { types, agents, endpoints } = useKnown();
  return [
    ...first,
    { name: "event_type", label: "Event type", placeholder: "any", suggestions: types },
    { name: "call_id", label: "Call", placeholder: "any" },
    { name: "agent_id", label: "Agent", placeholder: "any", suggestions: agents },
    { name: "endpoint_id", label: "Endpoint", placeholder: "any", suggestions: endpoints },
    { name: "since", label: "Since", placeholder: "such as 2h", suggestions: SINCE },
    { name: "until", label: "Until", placeholder: "now" },
  ];
};

const COMMON = ["event_type", "call_id", "agent_id", "endpoint_id", "since", "until"];

/** The names of the filters, as the address has them. */
export const EVENT_FILTERS = ["status", ...COMMON];
export const DEAD_LETTER_FILTERS = ["reason", ...COMMON];

/** Filters as a query of the API, which checks them; what takes several values may have them with commas. */
export const queryWith = (
  values: Readonly<Record<string, string>>,
  cursor: string | null,
): Record<string, unknown> => ({ ...values, limit: 200, ...(cursor === null ? {} : { cursor }) });

/** A query as the address of the same list. */
export const searchOf = (values: Readonly<Record<string, string>>): string => {
  const text = new URLSearchParams(values).toString();
  return text === "" ? "" : `?${text}`;
};
