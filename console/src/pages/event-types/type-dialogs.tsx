import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { api } from "../../api/client.ts";
import { errorAt, ProblemError } from "../../api/problem.ts";
import { ActionDialog } from "../../ui/dialogs/action-dialog.tsx";
import { TextArea, TextField } from "../../ui/field.tsx";
import { notify } from "../../ui/toasts.tsx";
import type { EventType } from "../destinations/api-types.ts";
import { typeDraftOf, typeFaultsOf, typeFieldsOf } from "./type-draft.ts";

type DialogProps = { readonly onClose: () => void };

/** Adds an event type of the workspace's own, or defines one again. */
export const SetTypeDialog = ({
  edited,
  onClose,
}: DialogProps & {
  /** Undefined: a new one. */
  readonly edited: EventType | undefined;
}) => {
  const [draft, setDraft] = useState(() => typeDraftOf(edited));
  const [, go] = useLocation();
  const client = useQueryClient();
  const name = draft.name.trim();
  const path = `/event-types/${encodeURIComponent(name)}`;
  const faults = typeFaultsOf(draft);
  const run = useMutation({
    mutationFn: async () => {
      if (faults.length > 0) throw notSent(faults);
      const params = { path: { name } };
      await api.PUT("/event-types/{name}", { params, body: typeFieldsOf(draft) });
    },
    onSuccess: () => {
      notify(edited === undefined ? "The event type is added" : "The event type is changed");
      void client.invalidateQueries({ queryKey: ["event-types"] });
      onClose();
      go(path);
    },
  });
  return (
    <ActionDialog
      title={edited === undefined ? "Add an event type" : `Change ${edited.event_type}`}
      isOpen
      onClose={onClose}
      call={{ method: "PUT", path, body: faults.length === 0 ? typeFieldsOf(draft) : {} }}
      confirm={edited === undefined ? "Add" : "Save"}
      error={run.error}
      isBusy={run.isPending}
      onConfirm={() => run.mutate()}
    >
      {edited === undefined ? (
        <TextField
          label="Name"
          hint="Such as kyc_done"
          value={draft.name}
          onChange={(value) => setDraft({ ...draft, name: value })}
          error={errorAt(run.error, "name")}
        />
      ) : null}
      <TextField
        label="Description"
        value={draft.description}
        onChange={(description) => setDraft({ ...draft, description })}
        error={errorAt(run.error, "description")}
      />
      <TextArea
        label="Schema"
        hint="JSON Schema 2020-12 of the payload. It documents and warns, and refuses nothing"
        value={draft.schema}
        onChange={(schema) => setDraft({ ...draft, schema })}
        error={errorAt(run.error, "schema")}
      />
      <TextArea
        label="Example"
        hint="A payload, as JSON: test events are made from it"
        value={draft.example}
        onChange={(example) => setDraft({ ...draft, example })}
        error={errorAt(run.error, "example")}
      />
    </ActionDialog>
  );
};

const notSent = (errors: ReturnType<typeof typeFaultsOf>): ProblemError =>
  new ProblemError({
    status: 0,
    code: "not_sent",
    title: "Not sent",
    detail: "A field is not right yet.",
    errors,
  });

/** Deletes an event type of the workspace's own. */
export const DeleteTypeDialog = ({ name, onClose }: DialogProps & { readonly name: string }) => {
  const [, go] = useLocation();
  const client = useQueryClient();
  const run = useMutation({
    mutationFn: async () => {
      await api.DELETE("/event-types/{name}", { params: { path: { name } } });
    },
    onSuccess: () => {
      notify("The event type was deleted");
      void client.invalidateQueries({ queryKey: ["event-types"] });
      go("/event-types");
    },
  });
  return (
    <ActionDialog
      title={`Delete ${name}`}
      isOpen
      onClose={onClose}
      call={{ method: "DELETE", path: `/event-types/${encodeURIComponent(name)}` }}
      confirm="Delete it for good"
      look="danger"
      error={run.error}
      isBusy={run.isPending}
      onConfirm={() => run.mutate()}
    >
      <p>New events of this type are refused from then on. Events that are stored stay.</p>
    </ActionDialog>
  );
};
