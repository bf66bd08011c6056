import { Link } from "wouter";
import { api, dataOf } from "../../api/client.ts";
import { usePages } from "../../api/use-pages.ts";
import { useMay } from "../../session/me.ts";
import { ButtonLink } from "../../ui/button.tsx";
import { Curl } from "../../ui/code.tsx";
import { ActivityBars } from "../../ui/figures.tsx";
import { FilterBar, useFilters } from "../../ui/filters.tsx";
import { List } from "../../ui/list.tsx";
import { Page } from "../../ui/page.tsx";
import { Empty } from "../../ui/states.tsx";
import { Status } from "../../ui/status.tsx";
import type { Column } from "../../ui/table.tsx";
import { Ago } from "../../ui/time.tsx";
import { useActivity } from "../destinations/activity.ts";
import { useAgentIds, useTypeNames } from "../destinations/suggestions.ts";
import type { EndpointRow } from "../destinations/api-types.ts";
import { ALL } from "./endpoint-draft.ts";

const STATES = ["healthy", "paused", "disabled"].map((value) => ({ value, text: value }));

const NAMES = ["state", "agent_id", "event_type"];

/** The workspace's endpoints. */
export const EndpointsPage = () => {
  const filters = useFilters(NAMES);
  const agentIds = useAgentIds();
  const typeNames = useTypeNames();
  const mayChange = useMay("endpoints");
  const list = usePages({
    key: ["endpoints", filters.values],
    read: (cursor, signal) => {
      const query = { limit: 50, ...filters.values, ...(cursor === undefined ? {} : { cursor }) };
      return dataOf(api.GET("/endpoints", { params: { query }, signal }));
    },
    rowsOf: (page) => page.endpoints,
  });
  const activity = useActivity(
    "endpoint_id",
    list.rows.map(({ endpoint_id }) => endpoint_id),
  );
  const lastDay: Column<EndpointRow> = {
    title: "Last 24 hours",
    cell: ({ endpoint_id: id }) => <ActivityBars of={activity.get(id)} />,
    only: "medium",
  };
  return (
    <Page
      title="Endpoints"
      actions={
        mayChange ? (
          <ButtonLink href="/endpoints/new" look="primary">
            Add an endpoint
          </ButtonLink>
        ) : undefined
      }
    >
      <FilterBar
        of={[
          { name: "state", label: "State", options: STATES },
          { name: "agent_id", label: "Gets events of agent", suggestions: agentIds },
          { name: "event_type", label: "Gets events of type", suggestions: typeNames },
        ]}
        filters={filters}
        error={list.error}
      />
      <List
        label="Endpoints"
        list={list}
        columns={[...COLUMNS, lastDay, CHANGED]}
        keyOf={({ endpoint_id }) => endpoint_id}
        empty={
          <Empty title="No endpoints yet">
            An endpoint is a URL that events of all agents, or of some, are sent to.
          </Empty>
        }
        onClear={filters.clear}
      />
      <Curl call={{ method: "GET", path: `/endpoints${queryOf(filters.values)}` }} />
    </Page>
  );
};

const queryOf = (values: Readonly<Record<string, string>>): string => {
  const query = new URLSearchParams(values).toString();
  return query === "" ? "" : `?${query}`;
};

const COLUMNS: readonly Column<EndpointRow>[] = [
  {
    title: "Endpoint",
    cell: ({ endpoint_id: id, uid, url, description }) => (
      <Link href={`/endpoints/${id}`} title={[url, description].filter(Boolean).join("\n")}>
        {uid ?? url.replace(/^https?:\/\//, "")}
      </Link>
    ),
  },
  { title: "State", cell: ({ state }) => <Status status={state} /> },
  { title: "Agents", cell: ({ agents }) => textOf(agents), only: "medium" },
  { title: "Event types", cell: ({ event_types }) => textOf(event_types), only: "wide" },
  {
    title: "Filter",
    cell: ({ filter }) => (filter === undefined ? "–" : "yes"),
    only: "wide",
  },
];

const CHANGED: Column<EndpointRow> = {
  title: "Changed",
  cell: ({ updated_at }) => <Ago at={updated_at} />,
  only: "wide",
};

const textOf = (names: readonly string[]): string =>
  names.includes(ALL) ? "all" : names.join(", ");
