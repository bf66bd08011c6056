import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api, dataOf } from "../../api/client.ts";
import { errorAt } from "../../api/problem.ts";
import { idsIn } from "../../format/id-list.ts";
import { Button } from "../../ui/button.tsx";
import { Choices } from "../../ui/choices.tsx";
import { Curl } from "../../ui/code.tsx";
import { TextField } from "../../ui/field.tsx";
import css from "../../ui/form.module.css";
import { ShownOnce } from "../../ui/dialogs/shown-once.tsx";
import { Failure } from "../../ui/states.tsx";
import { SCOPES, type Scope } from "./api-key.ts";

/** Makes a key, and shows it this once. */
export const NewKey = ({
  onCreated,
  onDone,
}: {
  readonly onCreated: () => void;
  readonly onDone: () => void;
}) => {
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<readonly string[]>(["read"]);
  const [agents, setAgents] = useState("");
  const [ends, setEnds] = useState("");
  const bound = idsIn(agents);
  const body = {
    name: name.trim(),
    scopes: SCOPES.filter((scope): scope is Scope => scopes.includes(scope)),
    ...(bound === undefined ? {} : { agents: bound }),
    ...(ends === "" ? {} : { expires_at: new Date(ends).toISOString() }),
  };
  const create = useMutation({
    mutationFn: () => dataOf(api.POST("/api-keys", { body })),
    onSuccess: onCreated,
  });
  if (create.data?.key !== undefined) {
    return <ShownOnce label="The key" secret={create.data.key} onDone={onDone} />;
  }
  return (
    <form
      className={css.form}
      onSubmit={(event) => {
        event.preventDefault();
        create.mutate();
      }}
    >
      <TextField
        label="Name"
        value={name}
        onChange={setName}
        error={errorAt(create.error, "name")}
        hint="What people know it by"
      />
      <Choices
        label="Scopes"
        of={SCOPES}
        chosen={scopes}
        onChange={setScopes}
        error={errorAt(create.error, "scopes")}
      />
      <TextField
        label="Agents"
        value={agents}
        onChange={setAgents}
        error={errorAt(create.error, "agents")}
        hint="IDs, separated by commas. Without any: all agents of the workspace"
      />
      <TextField
        label="Ends"
        type="datetime-local"
        value={ends}
        onChange={setEnds}
        error={errorAt(create.error, "expires_at")}
        hint="In your time zone. Without it the key ends when it is deleted"
      />
      {create.error === null ? null : <Failure error={create.error} />}
      <Button look="primary" type="submit" isBusy={create.isPending}>
        Make the key
      </Button>
      <Curl call={{ method: "POST", path: "/api-keys", body }} />
    </form>
  );
};
