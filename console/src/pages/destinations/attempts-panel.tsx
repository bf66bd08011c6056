import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Button, ButtonLink } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialogs/dialog.tsx";
import { Panel } from "../../ui/page.tsx";
import { Empty, Failure, Loading } from "../../ui/states.tsx";
import { Status } from "../../ui/status.tsx";
import { Table, type Column } from "../../ui/table.tsx";
import { Ago, Duration } from "../../ui/time.tsx";
import { AttemptDetails } from "../attempts/attempt-details.tsx";
import { resultText, type Attempt } from "../attempts/attempt.ts";

/** An attempt with the event that it belongs to. */
type ListedAttempt = Attempt & {
  readonly event_id: string;
  readonly event_type: string;
  readonly call_id: string;
};

const WATCH_MS = 10_000;

const COLUMNS: readonly Column<ListedAttempt>[] = [
  { title: "Outcome", cell: ({ outcome }) => <Status status={outcome.kind} /> },
  { title: "Response", cell: resultText, only: "medium" },
  { title: "Attempt", cell: ({ attempt }) => attempt, only: "wide" },
  { title: "Call", cell: ({ call_id }) => call_id, only: "wide" },
  { title: "Took", cell: ({ duration_ms }) => <Duration ms={duration_ms} />, only: "wide" },
  { title: "When", cell: ({ at }) => <Ago at={at} /> },
];

/** The latest attempts at a destination. */
export const AttemptsPanel = ({
  id,
  allOf,
  read,
}: {
  readonly id: string;
  /** Where all of its deliveries are listed. */
  readonly allOf: string;
  readonly read: (signal: AbortSignal) => Promise<readonly ListedAttempt[]>;
}) => {
  const [opened, setOpened] = useState<ListedAttempt>();
  const attempts = useQuery({
    queryKey: ["attempts", id],
    queryFn: ({ signal }) => read(signal),
    refetchInterval: WATCH_MS,
  });
  const columns: Column<ListedAttempt>[] = [
    {
      title: "Event",
      cell: (row) => <Button onClick={() => setOpened(row)}>{row.event_type}</Button>,
    },
    ...COLUMNS,
  ];
  return (
    <Panel
      title="Recent attempts"
      isFlush
      actions={<ButtonLink href={allOf}>All deliveries</ButtonLink>}
    >
      {attempts.isPending ? <Loading rows={3} /> : null}
      {attempts.error === null ? null : (
        <Failure error={attempts.error} retry={() => void attempts.refetch()} />
      )}
      {attempts.data?.length === 0 ? (
        <Empty title="No attempt yet">
          An attempt shows here within a second after it was made.
        </Empty>
      ) : null}
      {attempts.data === undefined || attempts.data.length === 0 ? null : (
        <Table
          label="Recent attempts"
          columns={columns}
          rows={attempts.data}
          keyOf={(row) => `${row.delivery_id} ${row.attempt}`}
        />
      )}
      <Dialog
        title={`Attempt at ${opened?.event_type ?? "an event"}`}
        isOpen={opened !== undefined}
        onClose={() => setOpened(undefined)}
      >
        {opened === undefined ? null : (
          <AttemptDetails attempt={opened} eventId={opened.event_id} />
        )}
      </Dialog>
    </Panel>
  );
};
