import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useParams } from "wouter";
import { api, dataOf } from "../../api/client.ts";
import { nameText } from "../../format/visible-text.ts";
import { useMay } from "../../session/me.ts";
import { Button } from "../../ui/button.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { Failure, Loading } from "../../ui/states.tsx";
import { AttemptsPanel } from "../destinations/attempts-panel.tsx";
import { HistoryPanel } from "../destinations/history-panel.tsx";
import { StatsPanel } from "../destinations/stats-panel.tsx";
import { readAgent, type VersionedAgent } from "./agent-calls.ts";
import { DeregisterDialog, RemoveSigningDialog, RenameDialog } from "./agent-dialogs.tsx";
import { RotateAgentDialog, TestAgentDialog } from "./sign-and-test-dialogs.tsx";
import { changeOf } from "./agent-history.ts";
import { AgentSigning, Subscriptions } from "./subscriptions.tsx";

const WATCH_MS = 10_000;

/** One agent: where its events go, how they do, and what can be done with it. */
export const AgentPage = () => {
  const { agentId = "" } = useParams<{ agentId: string }>();
  const client = useQueryClient();
  const read = useQuery({
    queryKey: ["agent", agentId],
    queryFn: ({ signal }) => readAgent(agentId, signal),
    refetchInterval: WATCH_MS,
  });
  const over = read.data;
  const failure =
    read.error === null ? null : <Failure error={read.error} retry={() => void read.refetch()} />;
  if (over === undefined) {
    return (
      <Page title={`Agent ${agentId}`}>
        {failure ?? <Loading />}
        {failure === null ? null : <History id={agentId} />}
      </Page>
    );
  }
  const reload = () => void client.invalidateQueries();
  return (
    <Page
      title={nameText(over.agent.agent_display_name, agentId)}
      actions={<Actions over={over} reload={reload} />}
    >
      {failure}
      <p>
        Agent <code>{agentId}</code>
      </p>
      <Subscriptions over={over} reload={reload} />
      <StatsPanel
        id={`agent ${agentId}`}
        read={(window, signal) => {
          const params = { path: { agent_id: agentId }, query: { window } };
          return dataOf(api.GET("/agent/v1/{agent_id}/stats", { params, signal }));
        }}
      />
      <AttemptsPanel
        id={`agent ${agentId}`}
        allOf={`/deliveries?agent_id=${encodeURIComponent(agentId)}`}
        read={async (signal) => {
          const params = { query: { agent_id: agentId, limit: 20 } };
          return (await dataOf(api.GET("/attempts", { params, signal }))).attempts;
        }}
      />
      <Panel title="Signing">
        <AgentSigning subscriptions={over.agent.event_subscriptions} />
      </Panel>
      <History id={agentId} />
    </Page>
  );
};

const History = ({ id }: { readonly id: string }) => (
  <HistoryPanel
    id={`agent ${id}`}
    read={async (cursor, signal) => {
      const query = { limit: 20, ...(cursor === undefined ? {} : { cursor }) };
      const params = { path: { agent_id: id }, query };
      const page = await dataOf(api.GET("/agent/v1/{agent_id}/history", { params, signal }));
      return { changes: page.changes.map(changeOf), next_cursor: page.next_cursor };
    }}
  />
);

type Action = "test" | "rename" | "rotate" | "unsign" | "deregister";

/** What the caller may do with it; each opens a dialog that says what it does. */
const Actions = ({
  over,
  reload,
}: {
  readonly over: VersionedAgent;
  readonly reload: () => void;
}) => {
  const [open, setOpen] = useState<Action>();
  const may = {
    change: useMay("endpoints"),
    rename: useMay("write"),
    rotate: useMay("secrets"),
    test: useMay("test"),
    deregister: useMay("admin"),
  };
  const { event_subscriptions: subscriptions } = over.agent;
  const isSigned = subscriptions.some(({ signing = [] }) => signing.length > 0);
  const props = { over, reload, isOpen: true, onClose: () => setOpen(undefined) };
  return (
    <>
      {may.test && subscriptions.length > 0 ? (
        <Button onClick={() => setOpen("test")}>Send a test event</Button>
      ) : null}
      {may.rename ? <Button onClick={() => setOpen("rename")}>Rename</Button> : null}
      {may.change && may.rotate && subscriptions.length > 0 ? (
        <Button onClick={() => setOpen("rotate")}>
          {isSigned ? "Rotate the secret" : "Sign requests"}
        </Button>
      ) : null}
      {may.change && may.rotate && isSigned ? (
        <Button look="danger" onClick={() => setOpen("unsign")}>
          Stop signing
        </Button>
      ) : null}
      {may.deregister ? (
        <Button look="danger" onClick={() => setOpen("deregister")}>
          Deregister
        </Button>
      ) : null}
      {open === "test" ? <TestAgentDialog {...props} /> : null}
      {open === "rename" ? <RenameDialog {...props} /> : null}
      {open === "rotate" ? <RotateAgentDialog {...props} /> : null}
      {open === "unsign" ? <RemoveSigningDialog {...props} /> : null}
      {open === "deregister" ? <DeregisterDialog {...props} /> : null}
    </>
  );
};
