import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, dataOf } from "../../api/client.ts";
import { usePages } from "../../api/use-pages.ts";
import { nameText } from "../../format/visible-text.ts";
import { Button } from "../../ui/button.tsx";
import { Curl } from "../../ui/code.tsx";
import { ConfirmButton } from "../../ui/dialogs/confirm.tsx";
import { Dialog } from "../../ui/dialogs/dialog.tsx";
import { List } from "../../ui/list.tsx";
import { Page } from "../../ui/page.tsx";
import { Empty } from "../../ui/states.tsx";
import { Status } from "../../ui/status.tsx";
import type { Column } from "../../ui/table.tsx";
import { Time } from "../../ui/time.tsx";
import { notify } from "../../ui/toasts.tsx";
import type { ApiKey } from "./api-key.ts";
import { NewKey } from "./new-key.tsx";
import { RotateKey } from "./rotate-key.tsx";

type Opened = { readonly kind: "new" } | { readonly kind: "rotate"; readonly key: ApiKey };

/** The keys of the workspace: who may call the API, and what they may do. */
export const KeysPage = () => {
  const client = useQueryClient();
  const [opened, setOpened] = useState<Opened>();
  const changed = () => void client.invalidateQueries({ queryKey: ["api-keys"] });
  const keys = usePages({
    key: ["api-keys"],
    read: (cursor, signal) => {
      const query = { limit: 100, ...(cursor === undefined ? {} : { cursor }) };
      return dataOf(api.GET("/api-keys", { params: { query }, signal }));
    },
    rowsOf: (page) => page.api_keys,
  });
  const columns: readonly Column<ApiKey>[] = [
    { title: "Name", cell: ({ name, key_id: id }) => nameText(name, id) },
    { title: "State", cell: ({ state }) => <Status status={state} /> },
    { title: "Scopes", cell: ({ scopes }) => scopes.join(", "), only: "medium" },
    { title: "Agents", cell: ({ agents }) => agents?.join(", ") ?? "all", only: "wide" },
    { title: "ID", cell: ({ key_id: id }) => <code>{id}</code>, only: "wide" },
    { title: "Ends", cell: ({ expires_at: at }) => <Time at={at} />, only: "wide" },
    {
      title: "Actions",
      cell: (key) =>
        key.source === "file" ? (
          "in the operator's file"
        ) : (
          <>
            <Button onClick={() => setOpened({ kind: "rotate", key })}>Rotate</Button>{" "}
            <DeleteKey apiKey={key} onDeleted={changed} />
          </>
        ),
    },
  ];
  const close = () => setOpened(undefined);
  return (
    <Page
      title="API keys"
      actions={
        <Button look="primary" onClick={() => setOpened({ kind: "new" })}>
          New key
        </Button>
      }
    >
      <List
        label="API keys"
        list={keys}
        columns={columns}
        keyOf={({ key_id: id }) => id}
        empty={<Empty title="No key">A program needs one to call the API.</Empty>}
      />
      <Curl call={{ method: "GET", path: "/api-keys" }} />
      <Dialog title="New key" isOpen={opened?.kind === "new"} onClose={close}>
        <NewKey onCreated={changed} onDone={close} />
      </Dialog>
      <Dialog title="Rotate the key" isOpen={opened?.kind === "rotate"} onClose={close}>
        {opened?.kind === "rotate" ? (
          <RotateKey apiKey={opened.key} onRotated={changed} onDone={close} />
        ) : null}
      </Dialog>
    </Page>
  );
};

const DeleteKey = ({
  apiKey: { key_id: keyId, name },
  onDeleted,
}: {
  readonly apiKey: ApiKey;
  readonly onDeleted: () => void;
}) => (
  <ConfirmButton
    label="Delete"
    title={`Delete the key ${nameText(name, keyId)}?`}
    run={async () => {
      await api.DELETE("/api-keys/{key_id}", { params: { path: { key_id: keyId } } });
      notify(`The key ${nameText(name, keyId)} is deleted.`);
      onDeleted();
    }}
  >
    <p>Whoever uses it is refused within a second. The portal sessions that it made end, too.</p>
    <Curl call={{ method: "DELETE", path: `/api-keys/${keyId}` }} />
  </ConfirmButton>
);
