import { z } from "zod";
import type { AddCommand, CommandContext } from "./command-context.ts";
import { pages } from "./pages.ts";
import { printable, table } from "./terminal.ts";

const agentSchema = z.looseObject({
  agent_id: z.string(),
  agent_display_name: z.string(),
  event_types: z.array(z.string()),
});

/** `ringback agents`: lists the workspace's agents and their event types. */
export const agentsCommand: AddCommand = (program, context) => {
  program
    .command("agents")
    .description("list the agents of the workspace and the event types that they subscribe")
    .action(() => listAgents(context()));
};

const listAgents = async ({ client, terminal, interrupted }: CommandContext): Promise<void> => {
  const agents: z.infer<typeof agentSchema>[] = [];
  const query = { path: "/assistant", items: "agents", schema: agentSchema };
  for await (const agent of pages(client, { ...query, limit: Infinity, signal: interrupted })) {
    if (terminal.isJson) terminal.line(JSON.stringify(agent));
    else agents.push(agent);
  }
  if (terminal.isJson) return;
  if (agents.length === 0) return terminal.note("There are no agents.");
  const rows = agents.map(({ agent_id, agent_display_name, event_types }) => [
    agent_id,
    printable(agent_display_name),
    event_types.join(", "),
  ]);
  for (const line of table(["AGENT", "NAME", "SUBSCRIBES"], rows)) terminal.line(line);
};
