import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { api, dataOf } from "../../api/client.ts";
import type { Overview } from "./overview.ts";
import { durationText } from "../../format/duration.ts";
import { countText, percentText } from "../../format/number.ts";
import { SelectField } from "../../ui/field.tsx";
import { Curl } from "../../ui/code.tsx";
import { useFilters } from "../../ui/filters.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { Empty, Failure, Loading } from "../../ui/states.tsx";
import { Table, type Column } from "../../ui/table.tsx";
import { Ago } from "../../ui/time.tsx";
import { OverviewSeries } from "./overview-series.tsx";
import css from "./overview.module.css";

const PERIODS = [
  { value: "1h", text: "Last hour" },
  { value: "24h", text: "Last 24 hours" },
  { value: "7d", text: "Last 7 days" },
] as const;

const REFRESH_MS = 10_000;

/** How deliveries do: what came, what became of it, what waits, and who fails. */
export const OverviewPage = () => {
  const filters = useFilters(["period"]);
  const period = PERIODS.find(({ value }) => value === filters.values["period"])?.value ?? "24h";
  const overview = useQuery({
    queryKey: ["overview", period],
    queryFn: ({ signal }) =>
      dataOf(api.GET("/overview", { params: { query: { period } }, signal })),
    refetchInterval: REFRESH_MS,
    placeholderData: (before) => before,
  });
  return (
    <Page
      title="Overview"
      actions={
        <div className={css.periods}>
          <SelectField
            label="Period"
            value={period}
            options={PERIODS}
            onChange={(value) => filters.set("period", value)}
          />
        </div>
      }
    >
      {overview.isPending ? <Loading /> : null}
      {overview.error === null ? null : (
        <Failure error={overview.error} retry={() => void overview.refetch()} />
      )}
      {overview.data === undefined ? null : <Figures of={overview.data} />}
      <Curl call={{ method: "GET", path: `/overview?period=${period}` }} />
    </Page>
  );
};

const Figures = ({ of }: { readonly of: Overview }) => {
  const { attempts, given_up: givenUp, first_attempt_delay_ms: delay, waiting } = of;
  const made = attempts.delivered + attempts.failed;
  const inAll = waiting.pending + waiting.retrying;
  return (
    <>
      <div className={css.tiles}>
        <Tile title="Events" value={countText(of.events)}>
          came in
        </Tile>
        <Tile
          title="Attempts delivered"
          value={percentText(made === 0 ? null : attempts.delivered / made)}
        >
          {countText(attempts.delivered)} of {countText(made)}
        </Tile>
        <Tile
          title="Given up"
          value={countText(givenUp.total)}
          look={givenUp.total > 0 ? "bad" : undefined}
        >
          {givenUp.total === 0 ? "nothing" : <Link href="/dead-letters">see why</Link>}
        </Tile>
        <Tile
          title="Waiting"
          value={`${countText(inAll)}${waiting.at_least ? "+" : ""}`}
          look={waiting.retrying > 0 ? "warn" : undefined}
        >
          {countText(waiting.retrying)} for a retry
          {waiting.oldest === null ? null : (
            <>
              , oldest{" "}
              <Link href={`/events/${waiting.oldest.event_id}`}>
                <Ago at={waiting.oldest.stored_at} />
              </Link>
            </>
          )}
        </Tile>
        <Tile
          title="First attempt after"
          value={delay.p50 === null ? "–" : durationText(delay.p50)}
        >
          p95 {delay.p95 === null ? "–" : durationText(delay.p95)}, p99{" "}
          {delay.p99 === null ? "–" : durationText(delay.p99)}
        </Tile>
      </div>
      <Panel title="Over time" isFlush>
        <OverviewSeries series={of.series} />
      </Panel>
      <Panel title="Destinations that fail" isFlush>
        {of.failing.length === 0 ? (
          <Empty title="None fails">
            A destination shows here once a share of its attempts fails.
          </Empty>
        ) : (
          <Table
            label="Destinations that fail"
            columns={FAILING}
            rows={of.failing}
            keyOf={failingKey}
          />
        )}
      </Panel>
    </>
  );
};

const Tile = ({
  title,
  value,
  look,
  children,
}: {
  readonly title: string;
  readonly value: string;
  readonly look?: "bad" | "warn" | undefined;
  readonly children: ReactNode;
}) => (
  <div className={look === undefined ? css.tile : `${css.tile} ${css[look]}`}>
    <span>{title}</span>
    <strong>{value}</strong>
    <span>{children}</span>
  </div>
);

type Failing = Overview["failing"][number];

const failingKey = ({ endpoint_id: endpointId, agent_id: agentId }: Failing): string =>
  endpointId ?? `agent ${agentId ?? ""}`;

const FAILING: readonly Column<Failing>[] = [
  {
    title: "Destination",
    cell: ({ endpoint_id: endpointId, uid, agent_id: agentId }) =>
      endpointId === null ? (
        <Link href={`/agents/${encodeURIComponent(agentId ?? "")}`}>agent {agentId}</Link>
      ) : (
        <Link href={`/endpoints/${endpointId}`}>{uid ?? endpointId}</Link>
      ),
  },
  { title: "Failed", cell: ({ failure_share: share }) => percentText(share) },
  { title: "Of attempts", cell: ({ attempts }) => countText(attempts), only: "medium" },
];
