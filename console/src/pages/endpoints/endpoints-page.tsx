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
import type { EndpointRow } from "../destinations/api-types.ts";
import { ALL } from "./endpoint-draft.ts";

const STATES = ["healthy", "paused", "disabled"].map((value) => ({ value, text: value }));

const FILTERS = [
  { name: "state", label: "State", options: STATES },
  { name: "agent_id", label: "Gets events of agent", placeholder: "agent ID" },
  { name: "event_type", label: "Gets events of type", placeholder: "call_completed" },
];

/** The workspace's endpoints. */
export const EndpointsPage = () => {
  const filters = useFilters(FILTERS.map(({ name }) => name));
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
  const isFiltered = Object.keys(filters.values).length > 0;
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
      <FilterBar of={FILTERS} filters={filters} />
      <List
        label="Endpoints"
        list={list}
        columns={[...COLUMNS, lastDay, CHANGED]}
        keyOf={({ endpoint_id }) => endpoint_id}
        empty={
          isFiltered ? (
            <Empty title="No endpoint is like that">Take a filter away to see more.</Empty>
          ) : (
            <Empty title="No endpoints yet">
              An endpoint is a URL that events of all agents, or of some, are sent to.
            </Empty>
          )
        }
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
