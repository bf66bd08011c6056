import { Link } from "wouter";
import { api, dataOf } from "../../api/client.ts";
import type { paths } from "../../api/schema.gen.ts";
import { useLongList } from "../../api/use-long-list.ts";
import { Curl } from "../../ui/code.tsx";
import { FilterBar, useFilters } from "../../ui/filters.tsx";
import { List } from "../../ui/list.tsx";
import { Page } from "../../ui/page.tsx";
import { Empty } from "../../ui/states.tsx";
import { Status } from "../../ui/status.tsx";
import type { Column } from "../../ui/table.tsx";
import { When } from "../../ui/time.tsx";
import { resultText } from "../attempts/attempt.ts";
import { DestinationLink } from "../lists/destination.tsx";
import { FacetChips } from "../lists/facet-chips.tsx";
import { DEAD_LETTER_FILTERS, queryWith, searchOf, useListFilters } from "../lists/list-filters.ts";
import { NewJobButton } from "../redeliveries/new-job.tsx";

type DeadLetter =
  paths["/dead-letters"]["get"]["responses"][200]["content"]["application/json"]["dead_letters"][number];

const REASONS = [
  { value: "exhausted", text: "exhausted: no retries left" },
  { value: "invalid_event", text: "invalid event" },
  { value: "event_expired", text: "event expired" },
  { value: "internal", text: "internal" },
];

const keyOf = ({ event_id: id, endpoint_id: endpointId, at }: DeadLetter): string =>
  `${id} ${endpointId ?? ""} ${at}`;

/** What was given up, newest first, and why. */
export const DeadLettersPage = () => {
  const filters = useFilters(DEAD_LETTER_FILTERS);
  const offered = useListFilters([{ name: "reason", label: "Reason", options: REASONS }]);
  const list = useLongList<DeadLetter>({
    queryKey: ["dead-letters", filters.values],
    read: async (cursor, signal) => {
      const query = queryWith(filters.values, cursor);
      const page = await dataOf(api.GET("/dead-letters", { params: { query }, signal }));
      return { rows: page.dead_letters, nextCursor: page.next_cursor, lag: page.projection_lag };
    },
    keyOf,
  });
  return (
    <Page title="Dead letters" actions={<NewJobButton from={filters.values} />}>
      <FilterBar of={offered} filters={filters} error={list.error} />
      <FacetChips of="dead-letters" name="reason" filters={filters} />
      <List
        label="Dead letters"
        list={list}
        columns={COLUMNS}
        keyOf={keyOf}
        onClear={filters.clear}
        empty={
          <Empty title="Nothing was given up">
            A delivery that runs out of retries is kept here, with its reason.
          </Empty>
        }
      />
      <Curl call={{ method: "GET", path: `/dead-letters${searchOf(filters.values)}` }} />
    </Page>
  );
};

const COLUMNS: readonly Column<DeadLetter>[] = [
  {
    title: "Event",
    cell: ({ event_id: id, event_type: type }) => (
      <Link href={`/events/${encodeURIComponent(id)}`}>{type ?? "unknown"}</Link>
    ),
  },
  { title: "Reason", cell: ({ reason }) => <Status status={reason} tone="bad" /> },
  {
    title: "Call",
    cell: ({ call_id: id }) =>
      id === null ? "–" : <Link href={`/calls/${encodeURIComponent(id)}`}>{id}</Link>,
    only: "medium",
  },
  {
    title: "To",
    cell: (one) => <DestinationLink of={one} agentId={one.agent_id} />,
    only: "wide",
  },
  {
    title: "Response",
    cell: ({ last_attempt: last }) => (last === null ? "–" : resultText(last)),
    only: "wide",
  },
  { title: "Says", cell: ({ message }) => message, only: "wide" },
  { title: "Given up", cell: ({ at }) => <When at={at} />, only: "medium" },
];
