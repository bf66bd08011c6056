import { Link } from "wouter";
import { api, dataOf } from "../../api/client.ts";
import { usePages } from "../../api/use-pages.ts";
import type { paths } from "../../api/schema.gen.ts";
import { countText } from "../../format/number.ts";
import { Curl } from "../../ui/code.tsx";
import { FilterBar, useFilters, type Filter } from "../../ui/filters.tsx";
import { List } from "../../ui/list.tsx";
import { Page } from "../../ui/page.tsx";
import { Empty } from "../../ui/states.tsx";
import { Status } from "../../ui/status.tsx";
import type { Column } from "../../ui/table.tsx";
import { Ago, Time } from "../../ui/time.tsx";

type Call =
  paths["/calls"]["get"]["responses"][200]["content"]["application/json"]["calls"][number];

const FILTERS: readonly Filter[] = [
  { name: "call_id", label: "Call ID", placeholder: "all of it, or how it begins" },
  { name: "agent_id", label: "Agent" },
  { name: "since", label: "Since", placeholder: "2h, or 2026-11-29T10:00Z" },
];
const NAMES = FILTERS.map(({ name }) => name);

const COLUMNS: readonly Column<Call>[] = [
  {
    title: "Call",
    cell: ({ call_id: callId }) => (
      <Link href={`/calls/${encodeURIComponent(callId)}`}>{callId}</Link>
    ),
  },
  { title: "Status", cell: ({ status }) => <Status status={status} /> },
  { title: "Agents", cell: ({ agent_ids: agents }) => agents.join(", "), only: "wide" },
  { title: "Events", cell: ({ events }) => countText(events), only: "medium" },
  { title: "Attempts", cell: ({ attempts }) => countText(attempts), only: "medium" },
  { title: "Last event", cell: ({ last_event_at: at }) => <Time at={at} />, only: "medium" },
  { title: "Next attempt", cell: ({ next_attempt_at: at }) => <Ago at={at} />, only: "wide" },
];

/** The calls of a workspace, newest first; one is found by its id. */
export const CallsPage = () => {
  const filters = useFilters(NAMES);
  const calls = usePages({
    key: ["calls", filters.values],
    read: (cursor, signal) => {
      const query = { ...filters.values, ...(cursor === undefined ? {} : { cursor }), limit: 100 };
      return dataOf(api.GET("/calls", { params: { query }, signal }));
    },
    rowsOf: (page) => page.calls,
  });
  return (
    <Page title="Calls">
      <FilterBar of={FILTERS} filters={filters} error={calls.error} />
      <List
        label="Calls"
        list={calls}
        columns={COLUMNS}
        keyOf={({ call_id: callId }) => callId}
        empty={<Empty title="No call">A call shows here once an event of it was published.</Empty>}
        onClear={filters.clear}
      />
      <Curl call={{ method: "GET", path: `/calls?${new URLSearchParams(filters.values)}` }} />
    </Page>
  );
};
