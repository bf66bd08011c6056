import { Link } from "wouter";
import { api, dataOf } from "../../api/client.ts";
import type { components } from "../../api/schema.gen.ts";
import { usePages } from "../../api/use-pages.ts";
import { countText } from "../../format/number.ts";
import { nameText } from "../../format/visible-text.ts";
import { Curl } from "../../ui/code.tsx";
import { FilterBar, useFilters, type Filter } from "../../ui/filters.tsx";
import { List } from "../../ui/list.tsx";
import { Page } from "../../ui/page.tsx";
import { Empty } from "../../ui/states.tsx";
import { Status, type Tone } from "../../ui/status.tsx";
import type { Column } from "../../ui/table.tsx";
import { Time } from "../../ui/time.tsx";

type Entry = components["schemas"]["AuditEntry"];

const KINDS = [
  { value: "change", text: "Changes" },
  { value: "read", text: "Payloads and secrets that were read" },
  { value: "refused", text: "Refused" },
  { value: "sign_in", text: "Sign-ins" },
];

const FILTERS: readonly Filter[] = [
  { name: "kind", label: "Kind", options: KINDS },
  { name: "actor", label: "Who", placeholder: "ID of a key or session" },
  { name: "action", label: "Action", placeholder: "such as createEndpoint" },
  { name: "since", label: "Since", placeholder: "2h, or 2026-11-29T10:00Z" },
];
const NAMES = FILTERS.map(({ name }) => name);

const TONES: Readonly<Record<Entry["outcome"], Tone>> = {
  done: "good",
  refused: "warn",
  failed: "bad",
};

/** Where the pages are that show what an entry is about. */
const PAGES: Readonly<Record<string, string>> = {
  agent_id: "/agents",
  endpoint_id: "/endpoints",
  event_id: "/events",
  call_id: "/calls",
  redelivery_id: "/redeliveries",
};

const COLUMNS: readonly Column<Entry>[] = [
  { title: "At", cell: ({ at }) => <Time at={at} /> },
  {
    title: "Who",
    cell: ({ actor, operator }) =>
      `${nameText(actor.name, actor.id)}${operator === true ? " (operator)" : ""}`,
  },
  { title: "Did", cell: ({ action }) => <code>{action}</code> },
  { title: "About", cell: (entry) => <Resource of={entry} />, only: "medium" },
  {
    title: "Outcome",
    cell: ({ outcome, status }) => <Status status={`${outcome} ${status}`} tone={TONES[outcome]} />,
    only: "medium",
  },
  { title: "Times", cell: ({ count }) => countText(count ?? 1), only: "wide" },
  { title: "From", cell: ({ address }) => address, only: "wide" },
];

const Resource = ({ of }: { readonly of: Entry }) =>
  Object.entries(of.resource).map(([name, id]) => {
    const page = PAGES[name];
    return (
      <span key={name}>
        {page === undefined ? (
          id
        ) : (
          <Link href={`${page}/${encodeURIComponent(id)}`}>{id}</Link>
        )}{" "}
      </span>
    );
  });

/** Who changed what, and who read payloads and secrets. */
export const AuditPage = () => {
  const filters = useFilters(NAMES);
  const entries = usePages({
    key: ["audit", filters.values],
    read: (cursor, signal) => {
      const query = { ...filters.values, ...(cursor === undefined ? {} : { cursor }), limit: 100 };
      return dataOf(api.GET("/audit", { params: { query }, signal }));
    },
    rowsOf: (page) => page.entries,
  });
  return (
    <Page title="History">
      <FilterBar of={FILTERS} filters={filters} error={entries.error} />
      <List
        label="History"
        list={entries}
        columns={COLUMNS}
        keyOf={({ audit_id: id }) => id}
        empty={<Empty title="Nothing yet">Changes and reads of payloads show here.</Empty>}
        onClear={filters.clear}
      />
      <Curl call={{ method: "GET", path: `/audit?${new URLSearchParams(filters.values)}` }} />
    </Page>
  );
};
