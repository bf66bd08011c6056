import { useQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { Button } from "../ui/button.tsx";
import { TextField } from "../ui/field.tsx";
import icon from "../theme/icon.svg";
import { keepToken } from "./token.ts";
import css from "./sign-in.module.css";

/** What the console can be signed in to with: the service says it beside the pages. */
type SignInOptions = { readonly oidc: boolean };

/** Asks for a key, or sends people to their identity provider. */
export const SignIn = ({
  notice,
  onToken,
}: {
  /** Why somebody who was signed in no longer is. */
  readonly notice: string | undefined;
  readonly onToken: () => void;
}) => {
  const [key, setKey] = useState("");
  const options = useQuery({
    queryKey: ["sign-in-options"],
    queryFn: async (): Promise<SignInOptions> => (await fetch("/console/sign-in-options")).json(),
    staleTime: Infinity,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    keepToken(key.trim());
    onToken();
  };
  return (
    <main className={css.box}>
      <div className={css.brand}>
        <img src={icon} alt="" width="32" height="32" />
        <h1>Sign in to Ringback</h1>
      </div>
      {notice === undefined ? null : <p role="alert">{notice}</p>}
      <form className={css.form} onSubmit={submit}>
        <TextField
          label="API key"
          type="password"
          value={key}
          onChange={setKey}
          placeholder="rb_…"
          hint="It stays in this tab and is sent to this server only."
          required
        />
        <Button look="primary" type="submit" disabled={key.trim() === ""}>
          Sign in
        </Button>
      </form>
      {options.data?.oidc === true ? (
        <a href="/console/sign-in">Sign in with your organisation's account</a>
      ) : null}
    </main>
  );
};
