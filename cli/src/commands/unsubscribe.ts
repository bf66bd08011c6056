import { Argument } from "commander";
import { agentSchema, namingAgent, readAgent, wholeAgentId } from "../api/agents.ts";
import { CliError, usageError } from "../cli-error.ts";
import { withExamples, type AddCommand, type CommandContext } from "../command-context.ts";
import { eventTypesIn } from "../options/event-types.ts";
import { didYouMean } from "../api/did-you-mean.ts";

/** `ringback unsubscribe`: removes subscriptions of an agent. */
export const unsubscribeCommand: AddCommand = (program, context) => {
  const command = program
    .command("unsubscribe")
    .description("send an agent's events of these types nowhere any more")
    .argument("<agent_id>", "the agent")
    .addArgument(
      new Argument("[event_types]", "one type, or more with commas").argParser(eventTypesIn),
    )
    .option("--all", "all its subscriptions")
    .action((agentId: string, types: readonly string[] | undefined, { all }: { all?: boolean }) => {
      if (types !== undefined && all === true) throw usageError("give event types or --all");
      return unsubscribe(agentId, all === true ? "all" : types, context());
    });
  withExamples(command, {
    "unsubscribe agent-7 call_completed": "one type",
    "unsubscribe agent-7 --all": "all of its subscriptions",
  });
};

const unsubscribe = async (
  named: string,
  which: readonly string[] | "all" | undefined,
  context: CommandContext,
): Promise<void> => {
  const { client, terminal, interrupted: signal } = context;
  const agentId = (await wholeAgentId(context, named)) ?? named;
  const agent = await namingAgent(context, agentId, () => readAgent(context, agentId));
  const subscribed = agent.event_subscriptions.map(({ event_type }) => event_type);
  const types = which === "all" ? subscribed : (which ?? []);
  if (which === undefined) {
    throw usageError(`name event types of ${agentId} (${subscribed.join(", ")}), or give --all`);
  }
  const unknown = types.find((type) => !subscribed.includes(type));
  if (unknown !== undefined) {
    const hint = didYouMean(unknown, subscribed) || `: it subscribes ${subscribed.join(", ")}`;
    throw new CliError(`${agentId} does not subscribe '${unknown}'${hint}`);
  }
  if (types.length === 0) return terminal.note(`${agentId} has no subscriptions.`);
  const body = { operation: "remove_event_subscriptions", agent_id: agentId, event_types: types };
  const call = { method: "PATCH", path: "/agent/v1", body, signal } as const;
  const after = await client.call(call, agentSchema);
  if (terminal.isJson) return terminal.line(JSON.stringify(after));
  for (const type of types) terminal.line(`${agentId}: ${type} goes nowhere any more`);
};
