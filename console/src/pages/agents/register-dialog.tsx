import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { errorAt } from "../../api/problem.ts";
import { ActionDialog } from "../../ui/dialogs/action-dialog.tsx";
import { TextField } from "../../ui/field.tsx";
import { notify } from "../../ui/toasts.tsx";
import { useRequestKey } from "../destinations/request-key.ts";
import { registerAgent } from "./agent-calls.ts";

/** Registers an agent, and goes to its page. */
export const RegisterDialog = ({ onClose }: { readonly onClose: () => void }) => {
  const [, go] = useLocation();
  const [name, setName] = useState("");
  const [id, setId] = useState("");
  const once = useRequestKey();
  const fields = {
    ...(id.trim() === "" ? {} : { agent_id: id.trim() }),
    agent_display_name: name.trim(),
  };
  const run = useMutation({
    mutationFn: () => once((key) => registerAgent(fields, key)),
    onSuccess: ({ agent_id }) => {
      notify("The agent is registered");
      go(`/agents/${encodeURIComponent(agent_id)}`);
    },
  });
  return (
    <ActionDialog
      title="Register an agent"
      isOpen
      onClose={onClose}
      call={{ method: "POST", path: "/agent/v1", body: fields }}
      confirm="Register"
      error={run.error}
      isBusy={run.isPending}
      onConfirm={() => run.mutate()}
    >
      <TextField
        label="Name"
        hint="What people know it by"
        value={name}
        onChange={setName}
        error={errorAt(run.error, "agent_display_name")}
      />
      <TextField
        label="Agent ID"
        hint="As its events name it; empty: one is made"
        value={id}
        onChange={setId}
        error={errorAt(run.error, "agent_id")}
      />
    </ActionDialog>
  );
};
