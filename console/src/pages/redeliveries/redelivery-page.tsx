import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams } from "wouter";
import { api, dataOf } from "../../api/client.ts";
import { countText } from "../../format/number.ts";
import { useMay } from "../../session/me.ts";
import { Curl } from "../../ui/code.tsx";
import { ConfirmButton } from "../../ui/dialogs/confirm.tsx";
import { Definitions, Page, Panel } from "../../ui/page.tsx";
import { Failure, Loading } from "../../ui/states.tsx";
import { Status } from "../../ui/status.tsx";
import { Time } from "../../ui/time.tsx";
import { notify } from "../../ui/toasts.tsx";
import { isUnderWay, scopeText, type Job } from "./job.ts";
import { ProgressBar, ProgressCounts } from "./progress.tsx";
import css from "./redeliveries.module.css";

const UNDER_WAY_MS = 1_000;
const ENDED_MS = 30_000;

/** One redelivery job: how far it is, and what its deliveries came to. */
export const RedeliveryPage = () => {
  const { redeliveryId = "" } = useParams<{ redeliveryId: string }>();
  const job = useQuery({
    queryKey: ["redelivery", redeliveryId],
    queryFn: ({ signal }) =>
      dataOf(
        api.GET("/redeliveries/{redelivery_id}", {
          params: { path: { redelivery_id: redeliveryId } },
          signal,
        }),
      ),
    refetchInterval: ({ state: { data } }) =>
      data === undefined || isUnderWay(data) ? UNDER_WAY_MS : ENDED_MS,
  });
  return (
    <Page
      title="Redelivery job"
      actions={job.data?.state === "running" ? <StopButton id={redeliveryId} /> : null}
    >
      {job.error === null ? null : <Failure error={job.error} retry={() => void job.refetch()} />}
      {job.isPending && job.error === null ? <Loading /> : null}
      {job.data === undefined ? null : <Shown job={job.data} />}
      <Curl call={{ method: "GET", path: `/redeliveries/${encodeURIComponent(redeliveryId)}` }} />
    </Page>
  );
};

const StopButton = ({ id }: { readonly id: string }) => {
  const client = useQueryClient();
  const mayStop = useMay("redeliver");
  if (!mayStop) return null;
  const stop = async () => {
    await api.DELETE("/redeliveries/{redelivery_id}", { params: { path: { redelivery_id: id } } });
    notify("The job was stopped.");
    await client.invalidateQueries({ queryKey: ["redelivery", id] });
  };
  return (
    <ConfirmButton label="Stop the job" title="Stop this job?" run={stop}>
      <p>
        It starts no further delivery, and cannot be started again. What it has started goes on,
        with its retries.
      </p>
      <Curl call={{ method: "DELETE", path: `/redeliveries/${encodeURIComponent(id)}` }} />
    </ConfirmButton>
  );
};

const Shown = ({ job }: { readonly job: Job }) => {
  const skipped = Object.entries(job.skipped_by_reason);
  return (
    <>
      <Panel title={scopeText(job)} actions={<Status status={job.state} />}>
        <div className={css.stack}>
          <ProgressBar job={job} />
          <ProgressCounts job={job} />
          {job.state === "done" && job.waiting > 0 ? (
            <p>All are started; some are still being delivered.</p>
          ) : null}
        </div>
      </Panel>
      <Panel title="What it is about">
        <Definitions
          of={{
            "Stored since": <Time at={job.since} />,
            "Stored until": <Time at={job.until} />,
            Found: job.found === null ? "being counted" : countText(job.found),
            Sent: countText(job.sent),
            "At most": `${job.rate_per_second} a second`,
            Begun: <Time at={job.created_at} />,
            Changed: <Time at={job.updated_at} />,
            ID: <code>{job.redelivery_id}</code>,
            ...(skipped.length === 0
              ? {}
              : {
                  Skipped: skipped
                    .map(([reason, count]) => `${reason.replaceAll("_", " ")}: ${countText(count)}`)
                    .join(", "),
                }),
          }}
        />
      </Panel>
    </>
  );
};
