import { z } from "zod";
import { collect } from "../api/pages.ts";
import { withExamples, type AddCommand, type CommandContext } from "../command-context.ts";

const workspaceSchema = z.looseObject({
  workspace_id: z.string(),
  agents: z.number(),
  endpoints: z.number(),
  failing_endpoints: z.number(),
  events: z.number(),
  delivered: z.number(),
  failed: z.number(),
  given_up: z.number(),
});

/** `ringback workspaces`: all workspaces, for operators. */
export const workspacesCommand: AddCommand = (program, context) => {
  const command = program
    .command("workspaces")
    .description("list all workspaces with what came of 24 hours; for operators")
    .action(() => listWorkspaces(context()));
  withExamples(command, {
    workspaces: "all workspaces",
    "--workspace acme events": "the events of one of them, as an operator",
  });
};

const listWorkspaces = async (context: CommandContext): Promise<void> => {
  const { terminal } = context;
  const wanted = { path: "/workspaces", items: "workspaces", schema: workspaceSchema };
  const all = await collect(context, { ...wanted, limit: Infinity });
  if (terminal.isJson) return;
  if (all.length === 0) return terminal.note("There are no workspaces yet.");
  terminal.table(
    [
      { heading: "WORKSPACE", cell: ({ workspace_id }) => workspace_id },
      { heading: "AGENTS", cell: ({ agents }) => String(agents) },
      { heading: "ENDPOINTS", cell: ({ endpoints }) => String(endpoints) },
      { heading: "FAILING", cell: ({ failing_endpoints }) => String(failing_endpoints) },
      { heading: "EVENTS", cell: ({ events }) => String(events) },
      { heading: "DELIVERED", cell: ({ delivered }) => String(delivered) },
      { heading: "FAILED", cell: ({ failed }) => String(failed) },
      { heading: "DEAD LETTERS", cell: ({ given_up }) => String(given_up) },
    ],
    all,
  );
};
