import { useQuery } from "@tanstack/react-query";
import { api, dataOf } from "../../api/client.ts";
import type { paths } from "../../api/schema.gen.ts";
import { countText } from "../../format/number.ts";
import { Curl } from "../../ui/code.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { Empty, Failure, Loading } from "../../ui/states.tsx";
import { Table, type Column } from "../../ui/table.tsx";
import { Ago, Time } from "../../ui/time.tsx";
import { Runbook } from "./runbook.tsx";

type Listed = paths["/dispatchers"]["get"]["responses"][200]["content"]["application/json"];
type Dispatcher = NonNullable<Listed["dispatchers"]>[number];
type Lease = Listed["leases"][number];

const EVERY_MS = 5_000;

const DISPATCHERS: readonly Column<Dispatcher>[] = [
  {
    title: "Dispatcher",
    cell: ({ dispatcher_id: id, process }) => <code>{process ?? id}</code>,
  },
  { title: "Version", cell: ({ version }) => version ?? "–", only: "medium" },
  { title: "In flight", cell: ({ in_flight: inFlight }) => countText(inFlight) },
  { title: "Started", cell: ({ started_at: at }) => <Time at={at} />, only: "wide" },
  { title: "Last heard", cell: ({ last_heard_at: at }) => <Ago at={at} /> },
];

const LEASES: readonly Column<Lease>[] = [
  { title: "Lease", cell: ({ name }) => <code>{name}</code> },
  { title: "Holder", cell: ({ holder }) => holder ?? "nobody" },
  { title: "Renewed", cell: ({ renewed_at: at }) => <Ago at={at} />, only: "medium" },
];

/** The dispatchers that run, and which of them does what only one may do. */
export const DispatchersPage = () => {
  const list = useQuery({
    queryKey: ["dispatchers"],
    queryFn: ({ signal }) => dataOf(api.GET("/dispatchers", { signal })),
    refetchInterval: EVERY_MS,
  });
  const { data } = list;
  return (
    <Page title="Dispatchers">
      {list.isPending ? <Loading /> : null}
      {list.error === null ? null : (
        <Failure error={list.error} retry={() => void list.refetch()} />
      )}
      {data === undefined ? null : (
        <>
          <Panel title="Running" isFlush>
            {data.dispatchers === null || data.dispatchers.length === 0 ? (
              <Empty title={data.dispatchers === null ? "Not known" : "None runs"}>
                Nothing is delivered while none runs: <Runbook alert="RingbackDispatcherMissing" />
              </Empty>
            ) : (
              <Table
                label="Dispatchers"
                columns={DISPATCHERS}
                rows={data.dispatchers}
                keyOf={({ dispatcher_id: id }) => id}
              />
            )}
          </Panel>
          <Panel title="Leases" isFlush>
            <Table label="Leases" columns={LEASES} rows={data.leases} keyOf={({ name }) => name} />
          </Panel>
        </>
      )}
      <Curl call={{ method: "GET", path: "/dispatchers" }} />
    </Page>
  );
};
