import { Link } from "wouter";
import { api, dataOf } from "../../api/client.ts";
import type { paths } from "../../api/schema.gen.ts";
import { useLongList } from "../../api/use-long-list.ts";
import { countText } from "../../format/number.ts";
import { Curl } from "../../ui/code.tsx";
import { FilterBar, useFilters } from "../../ui/filters.tsx";
import { List } from "../../ui/list.tsx";
import { Page } from "../../ui/page.tsx";
import { Empty } from "../../ui/states.tsx";
import { Status } from "../../ui/status.tsx";
import type { Column } from "../../ui/table.tsx";
import { Ago, When } from "../../ui/time.tsx";
import { DELIVERY_STATUSES } from "../events/statuses.ts";
import { DestinationLink } from "../lists/destination.tsx";
import { FacetChips } from "../lists/facet-chips.tsx";
import { EVENT_FILTERS, queryWith, searchOf, useListFilters } from "../lists/list-filters.ts";
import { NewJobButton } from "../redeliveries/new-job.tsx";

type Delivery =
  paths["/deliveries"]["get"]["responses"][200]["content"]["application/json"]["deliveries"][number];

const keyOf = ({ event_id: id, endpoint_id: endpointId }: Delivery): string =>
  `${id} ${endpointId ?? ""}`;

/** Each event at each of its destinations, newest event first. */
export const DeliveriesPage = () => {
  const filters = useFilters(EVENT_FILTERS);
  const offered = useListFilters([{ name: "status", label: "Status", options: DELIVERY_STATUSES }]);
  const list = useLongList<Delivery>({
    queryKey: ["deliveries", filters.values],
    read: async (cursor, signal) => {
      const query = queryWith(filters.values, cursor);
      const page = await dataOf(api.GET("/deliveries", { params: { query }, signal }));
      return { rows: page.deliveries, nextCursor: page.next_cursor, lag: page.projection_lag };
    },
    keyOf,
  });
  return (
    <Page title="Deliveries" actions={<NewJobButton from={filters.values} />}>
      <FilterBar of={offered} filters={filters} error={list.error} />
      <FacetChips of="deliveries" name="status" filters={filters} />
      <List
        label="Deliveries"
        list={list}
        columns={COLUMNS}
        keyOf={keyOf}
        onClear={filters.clear}
        empty={
          <Empty title="No deliveries yet">
            An event shows here once for each destination that it goes to.
          </Empty>
        }
      />
      <Curl call={{ method: "GET", path: `/deliveries${searchOf(filters.values)}` }} />
    </Page>
  );
};

const COLUMNS: readonly Column<Delivery>[] = [
  {
    title: "Event",
    cell: ({ event_id: id, event_type: type }) => (
      <Link href={`/events/${encodeURIComponent(id)}`}>{type}</Link>
    ),
  },
  { title: "Status", cell: ({ status }) => <Status status={status} /> },
  {
    title: "To",
    cell: (one) => <DestinationLink of={one} agentId={one.agent_id} />,
    only: "medium",
  },
  {
    title: "Call",
    cell: ({ call_id: id }) => <Link href={`/calls/${encodeURIComponent(id)}`}>{id}</Link>,
    only: "wide",
  },
  { title: "Attempts", cell: ({ attempts }) => countText(attempts), only: "wide" },
  { title: "Response", cell: ({ last_status_code: code }) => code ?? "–", only: "wide" },
  { title: "Stored", cell: ({ stored_at: at }) => <When at={at} />, only: "medium" },
  { title: "Next attempt", cell: ({ next_attempt_at: at }) => <Ago at={at} />, only: "wide" },
];
