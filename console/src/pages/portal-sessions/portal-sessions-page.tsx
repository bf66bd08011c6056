import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, dataOf } from "../../api/client.ts";
import type { components } from "../../api/schema.gen.ts";
import { usePages } from "../../api/use-pages.ts";
import { Button } from "../../ui/button.tsx";
import { Curl } from "../../ui/code.tsx";
import { ConfirmButton } from "../../ui/dialogs/confirm.tsx";
import { Dialog } from "../../ui/dialogs/dialog.tsx";
import { List } from "../../ui/list.tsx";
import { Page } from "../../ui/page.tsx";
import { Empty } from "../../ui/states.tsx";
import type { Column } from "../../ui/table.tsx";
import { Ago, Time } from "../../ui/time.tsx";
import { notify } from "../../ui/toasts.tsx";
import { NewPortalSession } from "./new-portal-session.tsx";

type PortalSession = components["schemas"]["PortalSession"];

/** The sessions with which customers see the portal: each can be revoked. */
export const PortalSessionsPage = () => {
  const client = useQueryClient();
  const [isMaking, setMaking] = useState(false);
  const changed = () => void client.invalidateQueries({ queryKey: ["portal-sessions"] });
  const sessions = usePages({
    key: ["portal-sessions"],
    read: (cursor, signal) => {
      const query = { limit: 100, ...(cursor === undefined ? {} : { cursor }) };
      return dataOf(api.GET("/portal-sessions", { params: { query }, signal }));
    },
    rowsOf: (page) => page.portal_sessions,
  });
  const columns: readonly Column<PortalSession>[] = [
    { title: "Session", cell: ({ session_id: id }) => <code>{id}</code> },
    { title: "Capabilities", cell: ({ capabilities }) => capabilities.join(", "), only: "medium" },
    { title: "Agents", cell: ({ agents }) => agents?.join(", ") ?? "all", only: "wide" },
    { title: "Made by", cell: ({ created_by: by }) => by, only: "wide" },
    { title: "Made", cell: ({ created_at: at }) => <Time at={at} />, only: "wide" },
    { title: "Ends", cell: ({ expires_at: at }) => <Ago at={at} />, only: "medium" },
    { title: "Actions", cell: (one) => <Revoke id={one.session_id} onRevoked={changed} /> },
  ];
  return (
    <Page
      title="Portal sessions"
      actions={
        <Button look="primary" onClick={() => setMaking(true)}>
          New session
        </Button>
      }
    >
      <List
        label="Portal sessions"
        list={sessions}
        columns={columns}
        keyOf={({ session_id: id }) => id}
        empty={
          <Empty title="No session">
            Your backend makes one when a customer opens the portal; here you can try it.
          </Empty>
        }
      />
      <Curl call={{ method: "GET", path: "/portal-sessions" }} />
      <Dialog title="New portal session" isOpen={isMaking} onClose={() => setMaking(false)}>
        <NewPortalSession onCreated={changed} />
      </Dialog>
    </Page>
  );
};

const Revoke = ({ id, onRevoked }: { readonly id: string; readonly onRevoked: () => void }) => (
  <ConfirmButton
    label="Revoke"
    title="Revoke the session?"
    run={async () => {
      await api.DELETE("/portal-sessions/{session_id}", { params: { path: { session_id: id } } });
      notify("The session is revoked.");
      onRevoked();
    }}
  >
    <p>Whoever has it open is told within seconds, and sees nothing more.</p>
    <Curl call={{ method: "DELETE", path: `/portal-sessions/${id}` }} />
  </ConfirmButton>
);
