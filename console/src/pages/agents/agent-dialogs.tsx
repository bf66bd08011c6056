import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { errorAt } from "../../api/problem.ts";
import { ActionDialog } from "../../ui/dialogs/action-dialog.tsx";
import { TextField } from "../../ui/field.tsx";
import { notify } from "../../ui/toasts.tsx";
import {
  deregisterAgent,
  patchAgent,
  patchOf,
  type AgentOperation,
  type VersionedAgent,
} from "./agent-calls.ts";

export type AgentDialogProps = {
  readonly over: VersionedAgent;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  /** Reads the agent again, once it is changed, or was by others. */
  readonly reload: () => void;
};

/** A dialog for one operation without fields of its own. */
const OperationDialog = ({
  over,
  isOpen,
  onClose,
  reload,
  operation,
  title,
  text,
  confirm,
  done,
}: AgentDialogProps & {
  readonly operation: AgentOperation;
  readonly title: string;
  readonly text: string;
  readonly confirm: string;
  readonly done: string;
}) => {
  const run = useMutation({
    mutationFn: () => patchAgent(over, operation),
    onSuccess: () => {
      notify(done);
      onClose();
      reload();
    },
  });
  return (
    <ActionDialog
      title={title}
      isOpen={isOpen}
      onClose={onClose}
      call={{ method: "PATCH", path: "/agent/v1", body: patchOf(over.agent.agent_id, operation) }}
      confirm={confirm}
      look="danger"
      error={run.error}
      isBusy={run.isPending}
      onConfirm={() => run.mutate()}
      reload={reload}
    >
      <p>{text}</p>
    </ActionDialog>
  );
};

export const RemoveSubscriptionDialog = ({
  type,
  ...props
}: AgentDialogProps & { readonly type: string }) => (
  <OperationDialog
    {...props}
    operation={{ operation: "remove_event_subscriptions", event_types: [type] }}
    title={`Remove ${type}`}
    text="The agent's events of this type are sent there no more, and deliveries that are under way end as cancelled. Its headers cannot be brought back."
    confirm="Remove it"
    done="The subscription was removed"
  />
);

export const RemoveSigningDialog = (props: AgentDialogProps) => (
  <OperationDialog
    {...props}
    operation={{ operation: "remove_signing_secret" }}
    title="Remove the signing secrets"
    text="Requests of all of the agent's subscriptions are signed no more. Receivers that verify signatures will refuse them."
    confirm="Remove them"
    done="Requests are signed no more"
  />
);

export const RenameDialog = ({ over, isOpen, onClose, reload }: AgentDialogProps) => {
  const [name, setName] = useState(over.agent.agent_display_name);
  const operation: AgentOperation = { operation: "rename_agent", agent_display_name: name.trim() };
  const run = useMutation({
    mutationFn: () => patchAgent(over, operation),
    onSuccess: () => {
      notify("The agent has another name");
      onClose();
      reload();
    },
  });
  return (
    <ActionDialog
      title="Rename the agent"
      isOpen={isOpen}
      onClose={onClose}
      call={{ method: "PATCH", path: "/agent/v1", body: patchOf(over.agent.agent_id, operation) }}
      confirm="Rename"
      error={run.error}
      isBusy={run.isPending}
      onConfirm={() => run.mutate()}
      reload={reload}
    >
      <TextField
        label="Name"
        value={name}
        onChange={setName}
        error={errorAt(run.error, "agent_display_name")}
      />
    </ActionDialog>
  );
};

export const DeregisterDialog = ({ over, isOpen, onClose, reload }: AgentDialogProps) => {
  const [, go] = useLocation();
  const id = over.agent.agent_id;
  const run = useMutation({
    mutationFn: () => deregisterAgent(over),
    onSuccess: () => {
      notify("The agent was deregistered");
      go("/agents");
      reload();
    },
  });
  return (
    <ActionDialog
      title="Deregister the agent"
      isOpen={isOpen}
      onClose={onClose}
      call={{ method: "DELETE", path: `/agent/v1/${encodeURIComponent(id)}` }}
      confirm="Deregister it for good"
      look="danger"
      error={run.error}
      isBusy={run.isPending}
      onConfirm={() => run.mutate()}
      reload={reload}
    >
      <p>
        {over.agent.agent_display_name} ({id}) and its subscriptions are removed, and deliveries
        that are under way end as cancelled. This cannot be undone; its history stays.
      </p>
    </ActionDialog>
  );
};
