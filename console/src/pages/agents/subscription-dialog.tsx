import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { errorAt } from "../../api/problem.ts";
import { useMay } from "../../session/me.ts";
import { ActionDialog } from "../../ui/dialogs/action-dialog.tsx";
import { SelectField, TextField } from "../../ui/field.tsx";
import { Note } from "../../ui/form.tsx";
import { notify } from "../../ui/toasts.tsx";
import { PairsField, TokensField } from "../../ui/tokens-field.tsx";
import type { Subscription } from "../destinations/api-types.ts";
import { repeatedName } from "../destinations/delivery-draft.ts";
import { DeliveryFields, OrderFields } from "../destinations/delivery-fields.tsx";
import { useTypeNames } from "../destinations/suggestions.ts";
import { patchAgent, patchOf, type AgentOperation } from "./agent-calls.ts";
import type { AgentDialogProps } from "./agent-dialogs.tsx";
import {
  subscriptionDraftOf,
  subscriptionOf,
  type SubscriptionDraft,
} from "./subscription-draft.ts";

/** Where the one subscription of the request is, in the API's errors. */
const AT = "event_subscriptions.0";

const METHODS = ["POST", "PUT", "PATCH"].map((value) => ({ value, text: value }));

type Warnings = readonly { readonly path: string; readonly message: string }[];

/** Adds a subscription, or sets one that is there. */
export const SubscriptionDialog = ({
  over,
  isOpen,
  onClose,
  reload,
  edited,
  onWarnings,
}: AgentDialogProps & {
  /** Undefined: a new one. */
  readonly edited: Subscription | undefined;
  /** What may not be what was meant. */
  readonly onWarnings: (warnings: Warnings) => void;
}) => {
  const maySeeSecrets = useMay("secrets");
  const typeNames = useTypeNames();
  const [draft, setDraft] = useState(() => subscriptionDraftOf(edited));
  const repeated = repeatedName(draft.headers);
  const operation: AgentOperation = {
    operation: "edit_event_subscriptions",
    event_subscriptions: [subscriptionOf(draft)],
    on_conflict: edited === undefined ? "error" : "overwrite",
  };
  const run = useMutation({
    mutationFn: () => patchAgent(over, operation),
    onSuccess: ({ warnings }) => {
      notify("The subscription is set");
      onWarnings(warnings ?? []);
      onClose();
      reload();
    },
  });
  return (
    <ActionDialog
      title={edited === undefined ? "Subscribe event types" : `Edit ${edited.event_type}`}
      isOpen={isOpen}
      onClose={onClose}
      call={{ method: "PATCH", path: "/agent/v1", body: patchOf(over.agent.agent_id, operation) }}
      confirm={edited === undefined ? "Subscribe" : "Save"}
      error={run.error}
      isBusy={run.isPending}
      onConfirm={() => (repeated === undefined ? run.mutate() : undefined)}
      reload={reload}
    >
      {edited !== undefined && !maySeeSecrets ? (
        <Note tone="warn">
          An edit sets the whole subscription. Values that you may not see stand there as
          &lt;redacted&gt;, and have to be typed again.
        </Note>
      ) : null}
      {edited === undefined ? (
        <TokensField
          label="Event types"
          hint="Enter adds one"
          values={draft.types}
          suggestions={typeNames}
          onChange={(types) => setDraft({ ...draft, types })}
          error={errorAt(run.error, `${AT}.event_type`)}
        />
      ) : null}
      <Fields draft={draft} setDraft={setDraft} error={run.error} />
    </ActionDialog>
  );
};

/** Everything but the types. */
const Fields = ({
  draft,
  setDraft,
  error,
}: {
  readonly draft: SubscriptionDraft;
  readonly setDraft: (draft: SubscriptionDraft) => void;
  readonly error: unknown;
}) => {
  const repeated = repeatedName(draft.headers);
  const errorOf = (name: string) => errorAt(error, `${AT}.${name}`);
  return (
    <>
      <TextField
        label="Callback URL"
        type="url"
        placeholder="https://crm.example.com/calls"
        value={draft.url}
        onChange={(url) => setDraft({ ...draft, url })}
        error={errorOf("callback_url")}
      />
      <SelectField
        label="Method"
        value={draft.method}
        options={METHODS}
        onChange={(method) => setDraft({ ...draft, method })}
        error={errorOf("method_type")}
      />
      <PairsField
        legend="Headers"
        add="Add a header"
        pairs={draft.headers}
        errorOf={(name) =>
          repeated === name.trim().toLowerCase()
            ? "This name stands there twice"
            : errorOf(`headers.${name}`)
        }
        onChange={(headers) => setDraft({ ...draft, headers })}
      />
      <DeliveryFields
        draft={draft.delivery}
        onChange={(delivery) => setDraft({ ...draft, delivery })}
        error={error}
        path={`${AT}.delivery`}
      />
      <OrderFields
        draft={draft.order}
        onChange={(order) => setDraft({ ...draft, order })}
        error={error}
        path={`${AT}.order`}
      />
    </>
  );
};
