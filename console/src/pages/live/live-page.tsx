import { useState, type ReactNode } from "react";
import { Link } from "wouter";
import { clockText } from "../../format/time.ts";
import { Button } from "../../ui/button.tsx";
import { Curl } from "../../ui/code.tsx";
import { Dialog } from "../../ui/dialogs/dialog.tsx";
import { FilterBar, useFilters } from "../../ui/filters.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { Empty, Failure } from "../../ui/states.tsx";
import { Status } from "../../ui/status.tsx";
import { Table, type Column } from "../../ui/table.tsx";
import { Duration } from "../../ui/time.tsx";
import { resultText } from "../attempts/attempt.ts";
import { AttemptDetails } from "../attempts/attempt-details.tsx";
import { destinationName } from "../lists/destination.tsx";
import { searchOf, useListFilters } from "../lists/list-filters.ts";
import css from "./live.module.css";
import type { LiveAttempt, LiveRow } from "./live-rows.ts";
import { useLive, type LiveState } from "./use-live.ts";

/** What the stream itself can narrow to; `outcome` narrows what the page shows of it. */
const OF_STREAM = ["event_type", "agent_id", "endpoint_id"];
const OUTCOME = "outcome";

const OUTCOMES = ["delivered", "failed", "cancelled"].map((value) => ({ value, text: value }));

const keyOf = ({ key }: LiveRow): string => key;

/** Attempts as they happen, newest first. */
export const LivePage = () => {
  const filters = useFilters([...OF_STREAM, OUTCOME]);
  const { [OUTCOME]: outcome, ...query } = filters.values;
  const offered = useListFilters([{ name: OUTCOME, label: "Outcome", options: OUTCOMES }]).filter(
    ({ name }) => name === OUTCOME || OF_STREAM.includes(name),
  );
  const [isPaused, setPaused] = useState(false);
  const [opened, setOpened] = useState<LiveAttempt>();
  const live = useLive(query, isPaused);
  const rows = live.rows.filter(
    (row) => outcome === undefined || row.kind === "missed" || row.attempt.outcome.kind === outcome,
  );
  return (
    <Page
      title="Live"
      actions={
        <>
          <Button onClick={() => setPaused(!isPaused)}>{isPaused ? "Go on" : "Pause"}</Button>
          <Button onClick={live.clear}>Clear the list</Button>
        </>
      }
    >
      <FilterBar
        of={offered}
        filters={filters}
        error={live.state.kind === "refused" ? live.state.error : null}
      />
      <Connection state={live.state} />
      <Panel isFlush>
        {rows.length === 0 ? (
          <Empty title={live.state.kind === "paused" ? "Paused" : "Waiting for attempts"}>
            Each attempt shows here as soon as it was made.
          </Empty>
        ) : (
          <Table
            label="Attempts as they happen"
            columns={columnsOf(setOpened)}
            rows={rows}
            keyOf={keyOf}
          />
        )}
      </Panel>
      <Curl call={{ method: "GET", path: `/stream${searchOf(query)}` }} />
      <Dialog
        title={`Attempt at ${opened?.event_type ?? "an event"}`}
        isOpen={opened !== undefined}
        onClose={() => setOpened(undefined)}
      >
        {opened === undefined ? null : (
          <AttemptDetails
            attempt={{ ...opened, delivery_id: opened.delivery_id ?? "the first one" }}
            eventId={opened.event_id}
          />
        )}
      </Dialog>
    </Page>
  );
};

const Connection = ({ state }: { readonly state: LiveState }) =>
  state.kind === "refused" ? (
    <Failure error={state.error} />
  ) : (
    <p role="status" className={css.connection} data-state={state.kind}>
      {textOf(state)}
    </p>
  );

const textOf = (state: Exclude<LiveState, { kind: "refused" }>): string => {
  switch (state.kind) {
    case "open":
      return "Live";
    case "connecting":
      return "Connecting …";
    case "paused":
      return "Paused. Going on brings what came meanwhile.";
    case "lost":
      return `The connection was lost (${state.reason}). It is tried again, and goes on where it was.`;
  }
};

const ofAttempt =
  (cell: (attempt: LiveAttempt) => ReactNode) =>
  (row: LiveRow): ReactNode =>
    row.kind === "missed" ? null : cell(row.attempt);

const columnsOf = (onOpen: (attempt: LiveAttempt) => void): readonly Column<LiveRow>[] => [
  {
    title: "Attempt at",
    cell: (row) =>
      row.kind === "missed" ? (
        `${row.count === null ? "Some" : row.count.toLocaleString()} were skipped: the lists have them`
      ) : (
        <Button onClick={() => onOpen(row.attempt)}>{row.attempt.event_type}</Button>
      ),
  },
  { title: "Outcome", cell: ofAttempt(({ outcome }) => <Status status={outcome.kind} />) },
  { title: "Response", cell: ofAttempt(resultText), only: "medium" },
  { title: "At", cell: ofAttempt(({ at }) => clockText(at)), only: "medium" },
  { title: "Took", cell: ofAttempt(({ duration_ms: ms }) => <Duration ms={ms} />), only: "wide" },
  { title: "Attempt", cell: ofAttempt(({ attempt }) => attempt), only: "wide" },
  { title: "To", cell: ofAttempt(destinationName), only: "wide" },
  {
    title: "Call",
    cell: ofAttempt(({ call_id: id }) => (
      <Link href={`/calls/${encodeURIComponent(id)}`}>{id}</Link>
    )),
    only: "wide",
  },
];
