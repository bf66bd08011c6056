import { useState } from "react";
import { Link } from "wouter";
import { api, dataOf } from "../../api/client.ts";
import { usePages } from "../../api/use-pages.ts";
import { nameText } from "../../format/visible-text.ts";
import { useMay } from "../../session/me.ts";
import { Button } from "../../ui/button.tsx";
import { Curl } from "../../ui/code.tsx";
import { ActivityBars } from "../../ui/figures.tsx";
import { List } from "../../ui/list.tsx";
import { Page } from "../../ui/page.tsx";
import { Empty } from "../../ui/states.tsx";
import type { Column } from "../../ui/table.tsx";
import { Ago } from "../../ui/time.tsx";
import { useActivity } from "../destinations/activity.ts";
import type { AgentRow } from "../destinations/api-types.ts";
import { RegisterDialog } from "./register-dialog.tsx";

/** The workspace's agents. */
export const AgentsPage = () => {
  const mayRegister = useMay("admin");
  const [isRegistering, setRegistering] = useState(false);
  const list = usePages({
    key: ["agents"],
    read: (cursor, signal) => {
      const query = { limit: 100, ...(cursor === undefined ? {} : { cursor }) };
      return dataOf(api.GET("/assistant", { params: { query }, signal }));
    },
    rowsOf: (page) => page.agents,
  });
  const activity = useActivity(
    "agent_id",
    list.rows.map(({ agent_id }) => agent_id),
  );
  const lastDay: Column<AgentRow> = {
    title: "Last 24 hours",
    cell: ({ agent_id: id }) => <ActivityBars of={activity.get(id)} />,
    only: "medium",
  };
  return (
    <Page
      title="Agents"
      actions={
        mayRegister ? (
          <Button look="primary" onClick={() => setRegistering(true)}>
            Register an agent
          </Button>
        ) : undefined
      }
    >
      <List
        label="Agents"
        list={list}
        columns={[...COLUMNS, lastDay, CHANGED]}
        keyOf={({ agent_id }) => agent_id}
        empty={
          <Empty title="No agents yet">
            An agent makes or takes calls. Once it is registered, its events can be subscribed one
            by one.
          </Empty>
        }
      />
      <Curl call={{ method: "GET", path: "/assistant" }} />
      {isRegistering ? <RegisterDialog onClose={() => setRegistering(false)} /> : null}
    </Page>
  );
};

const COLUMNS: readonly Column<AgentRow>[] = [
  {
    title: "Agent",
    cell: ({ agent_id: id, agent_display_name: name }) => (
      <Link href={`/agents/${encodeURIComponent(id)}`} title={`${nameText(name, id)}\n${id}`}>
        {nameText(name, id)}
      </Link>
    ),
  },
  { title: "ID", cell: ({ agent_id }) => <code>{agent_id}</code>, only: "medium" },
  {
    title: "Subscribed",
    cell: ({ event_types: types }) => (
      <span title={types.join("\n")}>{types.length === 0 ? "nothing" : types.join(", ")}</span>
    ),
    only: "wide",
  },
];

const CHANGED: Column<AgentRow> = {
  title: "Changed",
  cell: ({ updated_at }) => <Ago at={updated_at} />,
  only: "wide",
};
