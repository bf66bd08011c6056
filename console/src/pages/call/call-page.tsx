import { useState } from "react";
import { useParams } from "wouter";
import { api, dataOf } from "../../api/client.ts";
import { usePages } from "../../api/use-pages.ts";
import { Button } from "../../ui/button.tsx";
import { Curl } from "../../ui/code.tsx";
import { Dialog } from "../../ui/dialogs/dialog.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { Empty, Failure, Loading } from "../../ui/states.tsx";
import { Table, type Column } from "../../ui/table.tsx";
import { Status } from "../../ui/status.tsx";
import { Duration, Time } from "../../ui/time.tsx";
import { resultText } from "../attempts/attempt.ts";
import { AttemptDetails } from "../attempts/attempt-details.tsx";
import type { CallAttempt, CallEvent } from "./call-events.ts";
import { CallTimeLine } from "./time-line.tsx";

const WATCH_MS = 5_000;

/** What happened to one call: its time line, and every attempt. */
export const CallPage = () => {
  const { callId = "" } = useParams<{ callId: string }>();
  const [opened, setOpened] = useState<Row>();
  const call = usePages({
    key: ["call", callId],
    read: (cursor, signal) => {
      const query = { limit: 200, ...(cursor === undefined ? {} : { cursor }) };
      const params = { path: { call_id: callId }, query };
      return dataOf(api.GET("/calls/{call_id}/events", { params, signal }));
    },
    rowsOf: (page) => page.events,
    everyMs: WATCH_MS,
  });
  const found = call.rows;
  return (
    <Page title={`Call ${callId}`}>
      {call.isPending ? <Loading /> : null}
      {call.error === null ? null : <Failure error={call.error} retry={call.retry} />}
      {found.length === 0 ? null : (
        <>
          <CallTimeLine
            events={found}
            onOpen={({ attempt, event }) => setOpened({ attempt, event })}
          />
          {call.readMore === undefined ? null : (
            <Button onClick={call.readMore} isBusy={call.isReading}>
              Show older events
            </Button>
          )}
          <AttemptTable events={found} onOpen={setOpened} />
        </>
      )}
      <Curl call={{ method: "GET", path: `/calls/${encodeURIComponent(callId)}/events` }} />
      <Dialog
        title={`Attempt at ${opened?.event.event_type ?? "an event"}`}
        isOpen={opened !== undefined}
        onClose={() => setOpened(undefined)}
      >
        {opened === undefined ? null : (
          <AttemptDetails attempt={opened.attempt} eventId={opened.event.event_id} />
        )}
      </Dialog>
    </Page>
  );
};

type Row = { readonly attempt: CallAttempt; readonly event: CallEvent };

const AttemptTable = ({
  events,
  onOpen,
}: {
  readonly events: readonly CallEvent[];
  readonly onOpen: (row: Row) => void;
}) => {
  const rows = events
    .flatMap((event) => event.attempts.map((attempt) => ({ event, attempt })))
    .toSorted((a, b) => Date.parse(b.attempt.at) - Date.parse(a.attempt.at));
  const columns: Column<Row>[] = [
    {
      title: "Event",
      cell: (row) => (
        <Button onClick={() => onOpen(row)}>{row.event.event_type ?? row.event.event_id}</Button>
      ),
    },
    { title: "Attempt", cell: ({ attempt }) => attempt.attempt, only: "medium" },
    { title: "Outcome", cell: ({ attempt }) => <Status status={attempt.outcome.kind} /> },
    { title: "Response", cell: ({ attempt }) => resultText(attempt), only: "medium" },
    { title: "At", cell: ({ attempt }) => <Time at={attempt.at} />, only: "wide" },
    { title: "Took", cell: ({ attempt }) => <Duration ms={attempt.duration_ms} />, only: "wide" },
    {
      title: "To",
      cell: ({ attempt }) => attempt.uid ?? attempt.endpoint_id ?? attempt.request?.url ?? "–",
      only: "wide",
    },
  ];
  return (
    <Panel title="Attempts" isFlush>
      {rows.length === 0 ? (
        <Empty title="No attempt yet">
          An attempt shows here within a second after it was made.
        </Empty>
      ) : (
        <Table
          label="Attempts of the call"
          columns={columns}
          rows={rows}
          keyOf={({ attempt }) => `${attempt.delivery_id} ${attempt.attempt}`}
        />
      )}
    </Panel>
  );
};
