import { Link } from "wouter";
import { api, dataOf } from "../../api/client.ts";
import { usePages } from "../../api/use-pages.ts";
import { countText } from "../../format/number.ts";
import { Curl } from "../../ui/code.tsx";
import { List } from "../../ui/list.tsx";
import { Page } from "../../ui/page.tsx";
import { Empty } from "../../ui/states.tsx";
import { Status } from "../../ui/status.tsx";
import type { Column } from "../../ui/table.tsx";
import { When } from "../../ui/time.tsx";
import { scopeText, type Job } from "./job.ts";
import { NewJobButton } from "./new-job.tsx";
import { ProgressBar } from "./progress.tsx";

const WATCH_MS = 3_000;

const keyOf = ({ redelivery_id: id }: Job): string => id;

/** Jobs that send many events again, newest first, with how far each is. */
export const RedeliveriesPage = () => {
  const list = usePages({
    key: ["redeliveries"],
    read: (cursor, signal) => {
      const query = cursor === undefined ? {} : { cursor };
      return dataOf(api.GET("/redeliveries", { params: { query }, signal }));
    },
    rowsOf: (page) => page.redeliveries,
    everyMs: WATCH_MS,
  });
  return (
    <Page title="Redelivery jobs" actions={<NewJobButton from={{}} />}>
      <List
        label="Redelivery jobs"
        list={list}
        columns={COLUMNS}
        keyOf={keyOf}
        empty={
          <Empty title="No jobs in the last 30 days">
            A job sends events again that were given up or never sent, at a bounded rate.
          </Empty>
        }
      />
      <Curl call={{ method: "GET", path: "/redeliveries" }} />
    </Page>
  );
};

const COLUMNS: readonly Column<Job>[] = [
  {
    title: "Job",
    cell: (job) => (
      <Link href={`/redeliveries/${encodeURIComponent(job.redelivery_id)}`}>{scopeText(job)}</Link>
    ),
  },
  { title: "State", cell: ({ state }) => <Status status={state} /> },
  { title: "Progress", cell: (job) => <ProgressBar job={job} />, only: "medium" },
  { title: "Found", cell: ({ found }) => countText(found), only: "wide" },
  { title: "Delivered", cell: ({ delivered }) => countText(delivered), only: "wide" },
  { title: "Failed", cell: ({ failed }) => countText(failed), only: "wide" },
  { title: "Begun", cell: ({ created_at: at }) => <When at={at} />, only: "medium" },
];
