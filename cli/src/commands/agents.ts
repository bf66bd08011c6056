import {
  agentPath,
  agentSchema,
  listedAgents,
  namingAgent,
  wholeAgentId,
  type ListedAgent,
} from "../api/agents.ts";
import { withExamples, type AddCommand, type CommandContext } from "../command-context.ts";
import { jsonLine } from "../output/json-line.ts";
import { printable } from "../output/printable.ts";
import { jsonIn, notTheApi } from "../api/response.ts";

/** `ringback agents`: lists the workspace's agents, or one agent's subscriptions. */
export const agentsCommand: AddCommand = (program, context) => {
  const command = program
    .command("agents")
    .description("list the agents of the workspace, or where the events of one of them go")
    .argument("[agent_id]", "the agent whose subscriptions are shown")
    .action((agentId: string | undefined) =>
      agentId === undefined ? listAgents(context()) : showAgent(agentId, context()),
    );
  withExamples(command, {
    agents: "all agents and the event types that they subscribe",
    "agents agent-7": "where the events of one agent go",
  });
};

const listAgents = async (context: CommandContext): Promise<void> => {
  const { terminal } = context;
  const agents: ListedAgent[] = [];
  for await (const agent of listedAgents(context)) {
    if (terminal.isJson) terminal.line(JSON.stringify(agent));
    else agents.push(agent);
  }
  if (terminal.isJson) return;
  if (agents.length === 0) {
    return terminal.note("There are no agents: `ringback subscribe` makes the first one.");
  }
  terminal.table(
    [
      { heading: "AGENT", cell: ({ agent_id }) => agent_id, shrinks: true },
      {
        heading: "NAME",
        cell: ({ agent_display_name }) => printable(agent_display_name),
        shrinks: true,
      },
      {
        heading: "SUBSCRIBES",
        cell: ({ event_types }) => event_types.join(", "),
        shrinks: true,
      },
    ],
    agents,
  );
};

const showAgent = async (named: string, context: CommandContext): Promise<void> => {
  const { client, terminal, interrupted: signal } = context;
  const agentId = (await wholeAgentId(context, named)) ?? named;
  const bytes = await namingAgent(context, agentId, () =>
    client.bytes({ path: agentPath(agentId), signal }),
  );
  const line = jsonLine(bytes);
  const agent = agentSchema.safeParse(jsonIn(line)).data;
  if (agent === undefined) throw notTheApi(agentPath(agentId), "what is not understood here");
  if (terminal.isJson) return terminal.line(line);
  terminal.line(`${agent.agent_id}  ${printable(agent.agent_display_name)}`);
  if (agent.event_subscriptions.length === 0) return terminal.note("It has no subscriptions.");
  terminal.table(
    [
      { heading: "TYPE", cell: ({ event_type }) => event_type },
      { heading: "METHOD", cell: ({ method_type }) => method_type },
      { heading: "URL", cell: ({ callback_url }) => printable(callback_url), shrinks: true },
      { heading: "HEADERS", cell: ({ headers }) => Object.keys(headers).join(", "), shrinks: true },
      {
        heading: "SIGNED",
        cell: ({ signing = [] }) =>
          signing
            .map(({ scheme, expires_at: end }) =>
              end === undefined ? scheme : `${scheme} until ${terminal.time(end)}`,
            )
            .join(", "),
      },
    ],
    agent.event_subscriptions,
  );
};
