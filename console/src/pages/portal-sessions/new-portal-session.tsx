import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api, dataOf } from "../../api/client.ts";
import { errorAt } from "../../api/problem.ts";
import { idsIn } from "../../format/id-list.ts";
import { Button } from "../../ui/button.tsx";
import { Choices } from "../../ui/choices.tsx";
import { Code, Curl } from "../../ui/code.tsx";
import { SelectField, TextField } from "../../ui/field.tsx";
import css from "../../ui/form.module.css";
import { Failure } from "../../ui/states.tsx";

const CAPABILITIES = ["read", "payloads", "test", "redeliver", "endpoints", "secrets"] as const;

const LENGTHS = [
  { value: "900", text: "15 minutes" },
  { value: "3600", text: "One hour" },
  { value: "86400", text: "One day" },
];

/** Makes a session, and shows the address that opens the portal with it. */
export const NewPortalSession = ({ onCreated }: { readonly onCreated: () => void }) => {
  const [capabilities, setCapabilities] = useState<readonly string[]>(["read"]);
  const [agents, setAgents] = useState("");
  const [length, setLength] = useState("3600");
  const [origin, setOrigin] = useState("");
  const bound = idsIn(agents);
  const body = {
    capabilities: CAPABILITIES.filter((one) => capabilities.includes(one)),
    expires_in: Number(length),
    ...(bound === undefined ? {} : { agents: bound }),
    ...(origin.trim() === "" ? {} : { origin: origin.trim() }),
  };
  const create = useMutation({
    mutationFn: () => dataOf(api.POST("/portal-sessions", { body })),
    onSuccess: onCreated,
  });
  if (create.data !== undefined) {
    return (
      <div className={css.form}>
        <p role="status">
          Whoever has this address sees the portal until the session ends. It is shown this once.
        </p>
        <Code text={create.data.url} label="Address of the portal" />
        <a href={create.data.url} target="_blank" rel="noreferrer">
          Open the portal
        </a>
      </div>
    );
  }
  return (
    <form
      className={css.form}
      onSubmit={(event) => {
        event.preventDefault();
        create.mutate();
      }}
    >
      <Choices
        label="Capabilities"
        of={CAPABILITIES}
        chosen={capabilities}
        onChange={setCapabilities}
        error={errorAt(create.error, "capabilities")}
      />
      <TextField
        label="Agents"
        value={agents}
        onChange={setAgents}
        error={errorAt(create.error, "agents")}
        hint="IDs, separated by commas. Without any: all agents of the workspace"
      />
      <SelectField
        label="Ends after"
        value={length}
        options={LENGTHS}
        onChange={setLength}
        error={errorAt(create.error, "expires_in")}
      />
      <TextField
        label="Origin of the page around it"
        value={origin}
        onChange={setOrigin}
        error={errorAt(create.error, "origin")}
        hint="Such as https://app.example.com: it gets messages from the portal's frame"
      />
      {create.error === null ? null : <Failure error={create.error} />}
      <Button look="primary" type="submit" isBusy={create.isPending}>
        Make the session
      </Button>
      <Curl call={{ method: "POST", path: "/portal-sessions", body }} />
    </form>
  );
};
