import { useMutation } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { errorAt } from "../../api/problem.ts";
import type { ShownCall } from "../../format/curl.ts";
import { ActionDialog } from "../../ui/dialogs/action-dialog.tsx";
import { Button } from "../../ui/button.tsx";
import { Code } from "../../ui/code.tsx";
import { Dialog } from "../../ui/dialogs/dialog.tsx";
import { SelectField, TextField } from "../../ui/field.tsx";
import { Beside, Buttons, Note, Stack } from "../../ui/form.tsx";
import { Definitions } from "../../ui/page.tsx";
import { Time } from "../../ui/time.tsx";
import type { SigningKey } from "./api-types.ts";

/** The keys that sign requests, newest first; their secrets are never shown again. */
export const SigningKeys = ({ keys }: { readonly keys: readonly SigningKey[] | undefined }) => {
  if (keys === undefined || keys.length === 0) return <p>Requests are not signed.</p>;
  return (
    <Stack>
      {keys.map((key) => (
        <Definitions
          key={key.id}
          of={{
            Scheme: key.scheme === "v1" ? "v1 (HMAC-SHA256)" : "v1a (Ed25519)",
            "Key ID": <code>{key.id}</code>,
            Created: <Time at={key.created_at} />,
            "Signs until":
              key.expires_at === undefined ? "it is rotated" : <Time at={key.expires_at} />,
            ...("public_key" in key ? { "Public key": <code>{key.public_key}</code> } : {}),
          }}
        />
      ))}
    </Stack>
  );
};

/** A new key as one response has it. */
export type NewKey = {
  readonly signing_secret?: string | undefined;
  readonly signing_public_key?: string | undefined;
};

/** A secret that is shown this once, to be copied. */
export const SecretOnce = ({ of }: { readonly of: NewKey }) => {
  if (of.signing_secret !== undefined) {
    return (
      <Stack>
        <Note tone="warn">
          Copy the signing secret now: it is shown this once, and never again. Whoever has it can
          sign requests as Ringback does.
        </Note>
        <Code label="Signing secret" text={of.signing_secret} />
      </Stack>
    );
  }
  if (of.signing_public_key !== undefined) {
    return (
      <Stack>
        <Note tone="good">Requests are verified with this public key.</Note>
        <Code label="Public key" text={of.signing_public_key} />
      </Stack>
    );
  }
  return <Note>The new secret is not shown to you: your key or session may not see secrets.</Note>;
};

/** How the secret is to be rotated. */
export type Rotation = {
  readonly scheme: "v1" | "v1a";
  readonly overlap: string;
  readonly signing_secret?: string;
};

/** Asks how to rotate, rotates, and shows the new secret once. */
export const RotateDialog = ({
  isOpen,
  onClose,
  callOf,
  rotate,
  reload,
  children,
}: {
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly callOf: (rotation: Rotation) => ShownCall;
  readonly rotate: (rotation: Rotation) => Promise<NewKey>;
  readonly reload: () => void;
  /** Further fields. */
  readonly children?: ReactNode;
}) => {
  const [scheme, setScheme] = useState<Rotation["scheme"]>("v1");
  const [overlap, setOverlap] = useState("24h");
  const [own, setOwn] = useState("");
  const rotation: Rotation = {
    scheme,
    overlap: overlap.trim(),
    ...(own.trim() === "" ? {} : { signing_secret: own.trim() }),
  };
  const run = useMutation({ mutationFn: () => rotate(rotation) });
  const close = () => {
    onClose();
    run.reset();
    setOwn("");
  };
  if (run.data !== undefined) {
    return (
      <Dialog title="The new signing secret" isOpen={isOpen} onClose={close}>
        <SecretOnce of={run.data} />
        <Buttons>
          <Button look="primary" onClick={close}>
            I have copied it
          </Button>
        </Buttons>
      </Dialog>
    );
  }
  return (
    <ActionDialog
      title="Rotate the signing secret"
      isOpen={isOpen}
      onClose={close}
      call={callOf(rotation)}
      confirm="Rotate"
      error={run.error}
      isBusy={run.isPending}
      onConfirm={() => run.mutate()}
      reload={reload}
    >
      <p>
        Requests are signed with a new secret at once. The one before signs them, too, for the
        overlap, so that receivers can change over without a gap.
      </p>
      {children}
      <Beside>
        <SelectField
          label="Scheme"
          value={scheme}
          options={[
            { value: "v1", text: "v1: a shared secret (HMAC-SHA256)" },
            { value: "v1a", text: "v1a: a key pair (Ed25519)" },
          ]}
          onChange={(value) => setScheme(value === "v1a" ? "v1a" : "v1")}
          error={errorAt(run.error, "scheme")}
        />
        <TextField
          label="Overlap"
          hint="Such as 1h or 24h; 0s: none"
          value={overlap}
          onChange={setOverlap}
          error={errorAt(run.error, "overlap")}
        />
      </Beside>
      <TextField
        label="A secret of your own"
        hint="Only where receivers have one already; else leave it empty"
        placeholder="whsec_…"
        value={own}
        onChange={setOwn}
        error={errorAt(run.error, "signing_secret")}
      />
    </ActionDialog>
  );
};
