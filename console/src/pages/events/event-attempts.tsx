import { useState } from "react";
import { api, dataOf } from "../../api/client.ts";
import { usePages } from "../../api/use-pages.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialogs/dialog.tsx";
import { List } from "../../ui/list.tsx";
import { Empty } from "../../ui/states.tsx";
import { Status } from "../../ui/status.tsx";
import type { Column } from "../../ui/table.tsx";
import { Duration, When } from "../../ui/time.tsx";
import { resultText, type Attempt } from "../attempts/attempt.ts";
import { AttemptDetails } from "../attempts/attempt-details.tsx";
import { destinationName } from "../lists/destination.tsx";

const WATCH_MS = 5_000;

const keyOf = ({ delivery_id: id, attempt }: Attempt): string => `${id} ${attempt}`;

/** Every attempt at an event, newest first; each opens with its request and response. */
export const EventAttempts = ({ eventId }: { readonly eventId: string }) => {
  const [opened, setOpened] = useState<Attempt>();
  const list = usePages({
    key: ["event", eventId, "attempts"],
    read: (cursor, signal) => {
      const query = { limit: 200, ...(cursor === undefined ? {} : { cursor }) };
      const params = { path: { event_id: eventId }, query };
      return dataOf(api.GET("/events/{event_id}/attempts", { params, signal }));
    },
    rowsOf: (page) => page.attempts,
    everyMs: WATCH_MS,
  });
  return (
    <>
      <h2>Attempts</h2>
      <List
        label="Attempts at the event"
        list={list}
        columns={columnsOf(setOpened)}
        keyOf={keyOf}
        empty={
          <Empty title="No attempt yet">
            An attempt shows here within seconds after it was made.
          </Empty>
        }
      />
      <Dialog
        title={`Attempt ${opened?.attempt ?? ""}`}
        isOpen={opened !== undefined}
        onClose={() => setOpened(undefined)}
      >
        {opened === undefined ? null : <AttemptDetails attempt={opened} />}
      </Dialog>
    </>
  );
};

const columnsOf = (onOpen: (attempt: Attempt) => void): readonly Column<Attempt>[] => [
  {
    title: "Attempt",
    cell: (attempt) => (
      <Button onClick={() => onOpen(attempt)}>
        {attempt.attempt} · {attempt.trigger}
      </Button>
    ),
  },
  { title: "Outcome", cell: ({ outcome }) => <Status status={outcome.kind} /> },
  { title: "Response", cell: resultText, only: "medium" },
  { title: "Took", cell: ({ duration_ms: ms }) => <Duration ms={ms} />, only: "medium" },
  { title: "At", cell: ({ at }) => <When at={at} />, only: "wide" },
  { title: "To", cell: destinationName, only: "wide" },
  { title: "URL", cell: ({ request }) => request?.url ?? "–", only: "wide" },
];
