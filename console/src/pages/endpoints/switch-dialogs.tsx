import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { errorAt } from "../../api/problem.ts";
import { useMay } from "../../session/me.ts";
import { ActionDialog } from "../../ui/dialogs/action-dialog.tsx";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialogs/dialog.tsx";
import { SelectField, TextField } from "../../ui/field.tsx";
import { Beside, Buttons, Note } from "../../ui/form.tsx";
import { Time } from "../../ui/time.tsx";
import { notify } from "../../ui/toasts.tsx";
import type { SwitchedOn } from "../destinations/api-types.ts";
import { useRequestKey } from "../destinations/request-key.ts";
import {
  disableEndpoint,
  pauseEndpoint,
  switchOn,
  type Recover,
  type Versioned,
} from "./endpoint-calls.ts";

export type ActionProps = {
  readonly over: Versioned;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  /** Reads the endpoint again, once it is changed, or was by others. */
  readonly reload: () => void;
};

const pathOf = ({ endpoint }: Versioned, action: string): string =>
  `/endpoints/${endpoint.endpoint_id}/${action}`;

/** Holds the endpoint's events until it is resumed. */
export const PauseDialog = ({ over, isOpen, onClose, reload }: ActionProps) => {
  const run = useMutation({
    mutationFn: () => pauseEndpoint(over),
    onSuccess: () => {
      notify("The endpoint is paused");
      onClose();
      reload();
    },
  });
  return (
    <ActionDialog
      title="Pause the endpoint"
      isOpen={isOpen}
      onClose={onClose}
      call={{ method: "POST", path: pathOf(over, "pause") }}
      confirm="Pause"
      error={run.error}
      isBusy={run.isPending}
      onConfirm={() => run.mutate()}
      reload={reload}
    >
      <p>
        Its events are held from now on, and deliveries that are under way wait. Nothing is lost.
      </p>
    </ActionDialog>
  );
};

/** Switches it off. */
export const DisableDialog = ({ over, isOpen, onClose, reload }: ActionProps) => {
  const [events, setEvents] = useState<"hold" | "discard">("hold");
  const run = useMutation({
    mutationFn: () => disableEndpoint(over, events),
    onSuccess: () => {
      notify("The endpoint is disabled");
      onClose();
      reload();
    },
  });
  return (
    <ActionDialog
      title="Disable the endpoint"
      isOpen={isOpen}
      onClose={onClose}
      call={{ method: "POST", path: pathOf(over, "disable"), body: { events } }}
      confirm="Disable"
      look="danger"
      error={run.error}
      isBusy={run.isPending}
      onConfirm={() => run.mutate()}
      reload={reload}
    >
      <p>Deliveries to it that are under way end as cancelled.</p>
      <SelectField
        label="Events meanwhile"
        value={events}
        options={[
          { value: "hold", text: "Are held, and can be brought once it is enabled" },
          { value: "discard", text: "Are discarded" },
        ]}
        onChange={(value) => setEvents(value === "discard" ? "discard" : "hold")}
      />
    </ActionDialog>
  );
};

/** Switches it on, with what it is to get of the time before. */
export const SwitchOnDialog = ({ over, isOpen, onClose, reload }: ActionProps) => {
  const isEnable = over.endpoint.state === "disabled";
  const mayRecover = useMay("redeliver");
  const [kind, setKind] = useState<"held" | "none" | "since">("held");
  const [since, setSince] = useState("6h");
  const recover: Recover = kind === "since" ? { since: since.trim() } : kind;
  const once = useRequestKey();
  const run = useMutation({
    mutationFn: () => once((key) => switchOn(over, recover, key)),
    onSuccess: reload,
  });
  const close = () => {
    onClose();
    run.reset();
  };
  const name = isEnable ? "Enable" : "Resume";
  if (run.data !== undefined) {
    return (
      <Dialog title="The endpoint is on" isOpen={isOpen} onClose={close}>
        <Recovered of={run.data} />
        <Buttons>
          <Button look="primary" onClick={close}>
            Good
          </Button>
        </Buttons>
      </Dialog>
    );
  }
  return (
    <ActionDialog
      title={`${name} the endpoint`}
      isOpen={isOpen}
      onClose={close}
      call={{
        method: "POST",
        path: pathOf(over, isEnable ? "enable" : "resume"),
        body: { recover },
      }}
      confirm={name}
      error={run.error}
      isBusy={run.isPending}
      onConfirm={() => run.mutate()}
      reload={reload}
    >
      <HeldSince at={over.endpoint.held_since} />
      <Beside>
        <SelectField
          label="Of the time before, it gets"
          value={kind}
          options={[
            { value: "held", text: "What was held, in order" },
            { value: "none", text: "Nothing" },
            ...(mayRecover
              ? [{ value: "since", text: "All that it was not delivered since …" }]
              : []),
          ]}
          onChange={(value) => setKind(value === "held" || value === "since" ? value : "none")}
          error={kind === "since" ? undefined : errorAt(run.error, "recover")}
        />
        {kind === "since" ? (
          <TextField
            label="Since"
            hint="Such as 6h, 2d, or 2026-11-29T10:00:00Z"
            value={since}
            onChange={setSince}
            error={errorAt(run.error, "recover")}
          />
        ) : null}
      </Beside>
    </ActionDialog>
  );
};

const HeldSince = ({ at }: { readonly at: string | undefined }) =>
  at === undefined ? (
    <p>No events are held for it.</p>
  ) : (
    <p>
      Its events are held since <Time at={at} />.
    </p>
  );

/** Which job brings what was held. */
const Recovered = ({
  of: { redelivery, events_were_held_since: since },
}: {
  readonly of: SwitchedOn;
}) =>
  redelivery === null ? (
    <Note tone="good">It gets new events from now on. Nothing of the time before is brought.</Note>
  ) : (
    <Note tone="good">
      It gets new events from now on. Job{" "}
      <Link href={`/redeliveries/${redelivery.redelivery_id}`}>{redelivery.redelivery_id}</Link>{" "}
      brings, in order, what came since <Time at={since ?? redelivery.since} />.
    </Note>
  );
