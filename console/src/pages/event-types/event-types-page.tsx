import { useState } from "react";
import { Link } from "wouter";
import { nameText } from "../../format/visible-text.ts";
import { useMay } from "../../session/me.ts";
import { Button } from "../../ui/button.tsx";
import { Curl } from "../../ui/code.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { Failure, Loading } from "../../ui/states.tsx";
import { Table, type Column } from "../../ui/table.tsx";
import type { EventType } from "../destinations/api-types.ts";
import { useEventTypes } from "../destinations/suggestions.ts";
import { SetTypeDialog } from "./type-dialogs.tsx";

/** Where each type of event comes from, in words. */
export const ORIGINS: Readonly<Record<EventType["origin"], string>> = {
  built_in: "built in",
  operator: "the operator",
  workspace: "this workspace",
};

/** The catalogue of event types. */
export const EventTypesPage = () => {
  const types = useEventTypes();
  const mayAdd = useMay("admin");
  const [isAdding, setAdding] = useState(false);
  return (
    <Page
      title="Event types"
      actions={
        mayAdd ? (
          <Button look="primary" onClick={() => setAdding(true)}>
            Add an event type
          </Button>
        ) : undefined
      }
    >
      {types.data?.open === true ? <p>Events of any other name are taken, too.</p> : null}
      {types.error === null ? null : (
        <Failure error={types.error} retry={() => void types.refetch()} />
      )}
      <Panel isFlush>
        {types.isPending ? <Loading /> : null}
        {types.data === undefined ? null : (
          <Table
            label="Event types"
            columns={COLUMNS}
            rows={types.data.event_types}
            keyOf={({ event_type }) => event_type}
          />
        )}
      </Panel>
      <Curl call={{ method: "GET", path: "/event-types" }} />
      {isAdding ? <SetTypeDialog edited={undefined} onClose={() => setAdding(false)} /> : null}
    </Page>
  );
};

const COLUMNS: readonly Column<EventType>[] = [
  {
    title: "Event type",
    cell: ({ event_type: name }) => (
      <Link href={`/event-types/${encodeURIComponent(name)}`}>{name}</Link>
    ),
  },
  { title: "From", cell: ({ origin }) => ORIGINS[origin], only: "medium" },
  {
    title: "Means",
    cell: ({ description }) => (
      <span title={nameText(description, "–")}>{nameText(description, "–")}</span>
    ),
    only: "wide",
  },
];
