import { useState } from "react";
import { useMay } from "../../session/me.ts";
import { Button } from "../../ui/button.tsx";
import { Note } from "../../ui/form.tsx";
import { Panel } from "../../ui/page.tsx";
import { Empty } from "../../ui/states.tsx";
import { Table, type Column } from "../../ui/table.tsx";
import type { Subscription } from "../destinations/api-types.ts";
import { orderText, policyText } from "../destinations/policy-text.ts";
import { SigningKeys } from "../destinations/signing.tsx";
import type { VersionedAgent } from "./agent-calls.ts";
import { RemoveSubscriptionDialog } from "./agent-dialogs.tsx";
import { SubscriptionDialog } from "./subscription-dialog.tsx";

type Open =
  | { readonly kind: "set"; readonly subscription: Subscription | undefined }
  | { readonly kind: "remove"; readonly subscription: Subscription };

/** Where the agent's events go, type by type. */
export const Subscriptions = ({
  over,
  reload,
}: {
  readonly over: VersionedAgent;
  readonly reload: () => void;
}) => {
  const [open, setOpen] = useState<Open>();
  const [warnings, setWarnings] = useState<readonly { readonly message: string }[]>([]);
  const mayChange = useMay("endpoints");
  const { event_subscriptions: subscriptions } = over.agent;
  const props = { over, reload, isOpen: true, onClose: () => setOpen(undefined) };
  const actions: readonly Column<Subscription>[] = mayChange
    ? [
        {
          title: "Actions",
          cell: (subscription) => (
            <>
              <Button
                onClick={() => setOpen({ kind: "set", subscription })}
                aria-label={`Edit ${subscription.event_type}`}
              >
                Edit
              </Button>{" "}
              <Button
                look="danger"
                onClick={() => setOpen({ kind: "remove", subscription })}
                aria-label={`Remove ${subscription.event_type}`}
              >
                Remove
              </Button>
            </>
          ),
        },
      ]
    : [];
  return (
    <>
      {warnings.map(({ message }) => (
        <Note key={message} tone="warn">
          {message}
        </Note>
      ))}
      <Panel
        title="Subscriptions"
        isFlush
        actions={
          mayChange ? (
            <Button onClick={() => setOpen({ kind: "set", subscription: undefined })}>
              Subscribe event types
            </Button>
          ) : undefined
        }
      >
        {subscriptions.length === 0 ? (
          <Empty title="Nothing is subscribed">
            The agent's events go to endpoints that are for it, and to no URL of its own.
          </Empty>
        ) : (
          <Table
            label="Subscriptions"
            columns={[...COLUMNS, ...actions]}
            rows={subscriptions}
            keyOf={({ event_type }) => event_type}
          />
        )}
      </Panel>
      {open?.kind === "set" ? (
        <SubscriptionDialog {...props} edited={open.subscription} onWarnings={setWarnings} />
      ) : null}
      {open?.kind === "remove" ? (
        <RemoveSubscriptionDialog {...props} type={open.subscription.event_type} />
      ) : null}
    </>
  );
};

const COLUMNS: readonly Column<Subscription>[] = [
  { title: "Event type", cell: ({ event_type }) => event_type },
  {
    title: "Goes to",
    cell: ({ method_type: method, callback_url: url, headers }) => (
      <span title={[url, ...Object.keys(headers)].join("\n")}>
        {method} {url}
      </span>
    ),
    only: "medium",
  },
  {
    title: "Delivery",
    cell: ({ delivery, order }) => {
      const text = [
        ...(delivery === undefined ? [] : [policyText(delivery)]),
        ...(order === undefined ? [] : [orderText(order)]),
      ].join("\n");
      return text === "" ? "–" : <span title={text}>{text}</span>;
    },
    only: "wide",
  },
  {
    title: "Signed",
    cell: ({ signing = [] }) => (signing.length === 0 ? "no" : "yes"),
    only: "wide",
  },
];

/** The keys that sign, each once, with the subscriptions that they sign. */
export const AgentSigning = ({
  subscriptions,
}: {
  readonly subscriptions: readonly Subscription[];
}) => {
  const groups = Map.groupBy(
    subscriptions.filter(({ signing = [] }) => signing.length > 0),
    ({ signing = [] }) => signing.map(({ id }) => id).join(" "),
  );
  if (groups.size === 0) return <p>Requests are not signed.</p>;
  return [...groups].map(([ids, signed]) => (
    <div key={ids}>
      {groups.size === 1 && signed.length === subscriptions.length ? null : (
        <h3>{signed.map(({ event_type }) => event_type).join(", ")}</h3>
      )}
      <SigningKeys keys={signed[0]?.signing} />
    </div>
  ));
};
