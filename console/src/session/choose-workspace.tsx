import { useState, type FormEvent } from "react";
import { Link, useLocation } from "wouter";
import { Button } from "../ui/button.tsx";
import { TextField } from "../ui/field.tsx";
import { useMe } from "./me.ts";
import css from "./sign-in.module.css";

/** Lets who may act in several workspaces choose one. An operator may name any. */
export const ChooseWorkspace = () => {
  const me = useMe();
  const [, go] = useLocation();
  const [name, setName] = useState("");
  const open = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() !== "") go(`/w/${encodeURIComponent(name.trim())}/`);
  };
  return (
    <main className={css.box}>
      <h1>Choose a workspace</h1>
      {me.workspaces
        .filter(({ workspace_id: id }) => id !== "*")
        .map(({ workspace_id: id }) => (
          <Link key={id} href={`/w/${encodeURIComponent(id)}/`}>
            {id}
          </Link>
        ))}
      {me.operator ? (
        <form className={css.form} onSubmit={open}>
          <TextField label="Workspace ID" value={name} onChange={setName} />
          <Button type="submit" look="primary">
            Open
          </Button>
        </form>
      ) : null}
    </main>
  );
};
