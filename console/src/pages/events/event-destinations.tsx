import { countText } from "../../format/number.ts";
import { Button } from "../../ui/button.tsx";
import { Panel } from "../../ui/page.tsx";
import { Empty } from "../../ui/states.tsx";
import { Status } from "../../ui/status.tsx";
import { Table, type Column } from "../../ui/table.tsx";
import { Ago, When } from "../../ui/time.tsx";
import { DestinationLink, destinationName } from "../lists/destination.tsx";
import type { EventDetail } from "./event-detail.ts";
import css from "./events.module.css";
import { destinationKey } from "./redeliver-plan.ts";

type Delivery = EventDetail["deliveries"][number];

/** Where an event went and how it stands there, and where it did not go and why. */
export const EventDestinations = ({
  event,
  onRetry,
}: {
  readonly event: EventDetail;
  /** Sends it again to one destination; undefined where the caller may not. */
  readonly onRetry: ((key: string) => void) | undefined;
}) => (
  <Panel title="Destinations" isFlush>
    {event.deliveries.length === 0 ? (
      <Empty title="Nobody had subscribed it">
        It was stored, and no agent subscription and no endpoint was for it.
      </Empty>
    ) : (
      <Table
        label="Destinations of the event"
        columns={columnsOf(event, onRetry)}
        rows={event.deliveries}
        keyOf={destinationKey}
      />
    )}
    <Skipped event={event} />
    <Warnings event={event} />
  </Panel>
);

const columnsOf = (
  event: EventDetail,
  onRetry: ((key: string) => void) | undefined,
): readonly Column<Delivery>[] => [
  { title: "To", cell: (one) => <DestinationLink of={one} agentId={event.agent_id} /> },
  { title: "Status", cell: ({ status }) => <Status status={status} /> },
  { title: "URL", cell: ({ destination }) => destination ?? "–", only: "wide" },
  { title: "Attempts", cell: ({ attempts }) => countText(attempts), only: "wide" },
  { title: "Response", cell: ({ last_status_code: code }) => code ?? "–", only: "wide" },
  { title: "Last", cell: ({ last_attempt_at: at }) => <When at={at} />, only: "wide" },
  { title: "Next", cell: ({ next_attempt_at: at }) => <Ago at={at} />, only: "medium" },
  ...(onRetry === undefined
    ? []
    : [
        {
          title: "Send",
          cell: (one: Delivery) => (
            <Button
              onClick={() => onRetry(destinationKey(one))}
              aria-label={`${actionText(one)}: ${destinationName(one)}`}
            >
              {actionText(one)}
            </Button>
          ),
          only: "medium" as const,
        },
      ]),
];

const actionText = ({ status }: Delivery): string =>
  status === "retrying" || status === "pending" ? "Retry now …" : "Again …";

const WHY_SKIPPED = {
  filter: "its filter does not match",
  paused: "it is paused",
  disabled: "it is disabled",
} as const;

const Skipped = ({ event }: { readonly event: EventDetail }) => {
  const skipped = event.skipped ?? [];
  if (skipped.length === 0) return null;
  return (
    <div className={css.note}>
      <h3>Endpoints that did not get it</h3>
      <ul className={css.list}>
        {skipped.map((one) => (
          <li key={one.endpoint_id}>
            <DestinationLink of={one} agentId={event.agent_id} />: {WHY_SKIPPED[one.by]}
          </li>
        ))}
      </ul>
    </div>
  );
};

const Warnings = ({ event }: { readonly event: EventDetail }) => {
  const warnings = event.warnings ?? [];
  if (warnings.length === 0) return null;
  return (
    <div className={css.note}>
      <h3>Fields that readers do not expect like this</h3>
      <ul className={css.list}>
        {warnings.map(({ path, message }) => (
          <li key={path + message}>
            <code>{path}</code>: {message}
          </li>
        ))}
      </ul>
    </div>
  );
};
