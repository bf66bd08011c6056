import { useState } from "react";
import { useParams } from "wouter";
import { exactText } from "../../format/exact-json.ts";
import { nameText } from "../../format/visible-text.ts";
import { useMay } from "../../session/me.ts";
import { Button, ButtonLink } from "../../ui/button.tsx";
import { JsonCode } from "../../ui/code.tsx";
import { Definitions, Page, Panel } from "../../ui/page.tsx";
import { Empty, Failure, Loading } from "../../ui/states.tsx";
import { Time } from "../../ui/time.tsx";
import type { EventType } from "../destinations/api-types.ts";
import { useEventTypes } from "../destinations/suggestions.ts";
import { ORIGINS } from "./event-types-page.tsx";
import { DeleteTypeDialog, SetTypeDialog } from "./type-dialogs.tsx";

/** One type of event: what its payload may hold, and an example. */
export const EventTypePage = () => {
  const { name = "" } = useParams<{ name: string }>();
  const types = useEventTypes();
  const type = types.data?.event_types.find(({ event_type }) => event_type === name);
  return (
    <Page title={name} actions={type === undefined ? undefined : <Actions type={type} />}>
      {types.isPending ? <Loading /> : null}
      {types.error === null ? null : (
        <Failure error={types.error} retry={() => void types.refetch()} />
      )}
      {types.data !== undefined && type === undefined ? (
        <Empty title="There is no such event type">
          <ButtonLink href="/event-types">All event types</ButtonLink>
        </Empty>
      ) : null}
      {type === undefined ? null : <Shown type={type} />}
    </Page>
  );
};

const Shown = ({ type }: { readonly type: EventType }) => (
  <>
    <Panel>
      <Definitions
        of={{
          Means: nameText(type.description, "–"),
          From: ORIGINS[type.origin],
          "Subscribed by":
            type.subscribers === "agents"
              ? "agents, and endpoints"
              : "the workspace's own agent _workspace, and endpoints that name it",
          ...(type.created_at === undefined ? {} : { Added: <Time at={type.created_at} /> }),
          ...(type.updated_at === undefined ? {} : { Changed: <Time at={type.updated_at} /> }),
        }}
      />
    </Panel>
    <Panel title="Example">
      {type.example === undefined ? (
        <p>There is none.</p>
      ) : (
        <JsonCode label="Example" text={exactText(type.example)} />
      )}
    </Panel>
    <Panel title="Schema">
      {type.schema === undefined ? (
        <p>There is none: a payload may hold anything.</p>
      ) : (
        <JsonCode label="Schema" text={exactText(type.schema)} />
      )}
    </Panel>
  </>
);

/** The workspace's own types can be changed; those built in, and the operator's, cannot. */
const Actions = ({ type }: { readonly type: EventType }) => {
  const [open, setOpen] = useState<"set" | "delete">();
  const mayChange = useMay("admin") && type.origin === "workspace";
  const close = () => setOpen(undefined);
  return (
    <>
      <ButtonLink href={`/events?event_type=${encodeURIComponent(type.event_type)}`}>
        Its events
      </ButtonLink>
      {mayChange ? (
        <>
          <Button onClick={() => setOpen("set")}>Change</Button>
          <Button look="danger" onClick={() => setOpen("delete")}>
            Delete
          </Button>
        </>
      ) : null}
      {open === "set" ? <SetTypeDialog edited={type} onClose={close} /> : null}
      {open === "delete" ? <DeleteTypeDialog name={type.event_type} onClose={close} /> : null}
    </>
  );
};
