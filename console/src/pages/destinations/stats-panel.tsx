import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { countText } from "../../format/number.ts";
import { SelectField } from "../../ui/field.tsx";
import { Figures } from "../../ui/figures.tsx";
import { Stack } from "../../ui/form.tsx";
import { Panel } from "../../ui/page.tsx";
import { Failure, Loading } from "../../ui/states.tsx";
import { Ago, Duration } from "../../ui/time.tsx";

/** What became of the attempts of a time. */
type Stats = {
  readonly attempts: {
    readonly delivered: number;
    readonly failed: number;
    readonly cancelled: number;
    readonly failed_by_reason: Readonly<Record<string, number>>;
  };
  readonly duration_ms: { readonly p50: number | null; readonly p95: number | null };
  readonly oldest_waiting: { readonly event_id: string; readonly stored_at: string } | null;
};

const WINDOWS = [
  { value: "1h", text: "The last hour" },
  { value: "24h", text: "The last 24 hours" },
  { value: "7d", text: "The last 7 days" },
];
const WATCH_MS = 10_000;

/** How deliveries to a destination went. */
export const StatsPanel = ({
  id,
  read,
}: {
  readonly id: string;
  readonly read: (window: string, signal: AbortSignal) => Promise<Stats>;
}) => {
  const [window, setWindow] = useState("24h");
  const stats = useQuery({
    queryKey: ["stats", id, window],
    queryFn: ({ signal }) => read(window, signal),
    refetchInterval: WATCH_MS,
    placeholderData: keepPreviousData,
  });
  return (
    <Panel
      title="How it does"
      actions={
        <SelectField
          label="Of which time"
          value={window}
          options={WINDOWS}
          onChange={setWindow}
          isLabelHidden
        />
      }
    >
      {stats.isPending ? <Loading rows={2} /> : null}
      {stats.error === null ? null : (
        <Failure error={stats.error} retry={() => void stats.refetch()} />
      )}
      {stats.data === undefined ? null : <StatsFigures of={stats.data} />}
    </Panel>
  );
};

const StatsFigures = ({
  of: { attempts, duration_ms: took, oldest_waiting: oldest },
}: {
  readonly of: Stats;
}) => {
  const reasons = Object.entries(attempts.failed_by_reason).filter(([, count]) => count > 0);
  return (
    <Stack>
      <Figures
        of={{
          "Delivered attempts": countText(attempts.delivered),
          "Failed attempts": countText(attempts.failed),
          Cancelled: countText(attempts.cancelled),
          "Took, median": <Duration ms={took.p50} />,
          "Took, 95 of 100 at most": <Duration ms={took.p95} />,
          "Longest waiting":
            oldest === null ? (
              "none"
            ) : (
              <Link href={`/events/${oldest.event_id}`}>
                <Ago at={oldest.stored_at} />
              </Link>
            ),
        }}
      />
      {reasons.length === 0 ? null : (
        <p>
          Failed by{" "}
          {reasons.map(([reason, count]) => `${reason.replaceAll("_", " ")}: ${count}`).join(", ")}
        </p>
      )}
    </Stack>
  );
};
