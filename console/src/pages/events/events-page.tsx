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
import { When } from "../../ui/time.tsx";
import { FacetChips } from "../lists/facet-chips.tsx";
import { EVENT_FILTERS, queryWith, searchOf, useListFilters } from "../lists/list-filters.ts";
import { EVENT_STATUSES } from "./statuses.ts";

type EventRow =
  paths["/events"]["get"]["responses"][200]["content"]["application/json"]["events"][number];

const keyOf = ({ event_id: id }: EventRow): string => id;

/** Every event of the workspace, newest first. */
export const EventsPage = () => {
  const filters = useFilters(EVENT_FILTERS);
  const offered = useListFilters([{ name: "status", label: "Status", options: EVENT_STATUSES }]);
  const list = useLongList<EventRow>({
    queryKey: ["events", filters.values],
    read: async (cursor, signal) => {
      const query = queryWith(filters.values, cursor);
      const page = await dataOf(api.GET("/events", { params: { query }, signal }));
      return { rows: page.events, nextCursor: page.next_cursor, lag: page.projection_lag };
    },
    keyOf,
  });
  return (
    <Page title="Events">
      <FilterBar of={offered} filters={filters} error={list.error} />
      <FacetChips of="events" name="status" filters={filters} />
      <List
        label="Events"
        list={list}
        columns={COLUMNS}
        keyOf={keyOf}
        onClear={filters.clear}
        empty={
          <Empty title="No events yet">
            An event shows here as soon as a producer has published it. They are kept for 7 days
            unless the operator chose otherwise.
          </Empty>
        }
      />
      <Curl call={{ method: "GET", path: `/events${searchOf(filters.values)}` }} />
    </Page>
  );
};

const COLUMNS: readonly Column<EventRow>[] = [
  {
    title: "Event",
    cell: ({ event_id: id, event_type: type, trigger }) => (
      <>
        <Link href={`/events/${encodeURIComponent(id)}`}>{type}</Link>
        {trigger === "test" ? <> (test)</> : null}
      </>
    ),
  },
  { title: "Status", cell: ({ status }) => <Status status={status} /> },
  {
    title: "Call",
    cell: ({ call_id: id }) => <Link href={`/calls/${encodeURIComponent(id)}`}>{id}</Link>,
    only: "medium",
  },
  { title: "Agent", cell: ({ agent_id: id }) => id, only: "wide" },
  { title: "Attempts", cell: ({ attempt_count: count }) => countText(count), only: "wide" },
  { title: "Response", cell: ({ last_status_code: code }) => code ?? "–", only: "wide" },
  { title: "Sent to", cell: ({ destination }) => destination ?? "–", only: "wide" },
  { title: "Stored", cell: ({ stored_at: at }) => <When at={at} />, only: "medium" },
];
