import { api, dataOf } from "../../api/client.ts";
import type { paths } from "../../api/schema.gen.ts";
import { usePages } from "../../api/use-pages.ts";
import { countText, percentText } from "../../format/number.ts";
import { Curl } from "../../ui/code.tsx";
import { List } from "../../ui/list.tsx";
import { Page } from "../../ui/page.tsx";
import { Empty } from "../../ui/states.tsx";
import type { Column } from "../../ui/table.tsx";

type Workspace =
  paths["/workspaces"]["get"]["responses"][200]["content"]["application/json"]["workspaces"][number];

const COLUMNS: readonly Column<Workspace>[] = [
  {
    title: "Workspace",
    // Another workspace is another console: everything that was read of this one goes.
    cell: ({ workspace_id: id }) => <a href={`/console/w/${encodeURIComponent(id)}/`}>{id}</a>,
  },
  { title: "Agents", cell: ({ agents }) => countText(agents), only: "wide" },
  {
    title: "Endpoints",
    cell: ({ endpoints, failing_endpoints: failing }) =>
      failing === 0 ? countText(endpoints) : `${countText(endpoints)}, ${countText(failing)} fail`,
    only: "medium",
  },
  { title: "Events, 24 h", cell: ({ events }) => countText(events), only: "medium" },
  {
    title: "Attempts delivered",
    cell: ({ delivered, failed }) =>
      percentText(delivered + failed === 0 ? null : delivered / (delivered + failed)),
  },
  { title: "Given up", cell: ({ given_up: givenUp }) => countText(givenUp) },
];

/** Every workspace, for operators: where to look first. */
export const WorkspacesPage = () => {
  const workspaces = usePages({
    key: ["workspaces"],
    read: (cursor, signal) => {
      const query = { limit: 100, ...(cursor === undefined ? {} : { cursor }) };
      return dataOf(api.GET("/workspaces", { params: { query }, signal }));
    },
    rowsOf: (page) => page.workspaces,
  });
  return (
    <Page title="Workspaces">
      <List
        label="Workspaces"
        list={workspaces}
        columns={COLUMNS}
        keyOf={({ workspace_id: id }) => id}
        empty={<Empty title="No workspace">One shows here with its first agent or event.</Empty>}
      />
      <Curl call={{ method: "GET", path: "/workspaces" }} />
    </Page>
  );
};
