import { Argument } from "commander";
import { agentPath, namingAgent, wholeAgentId } from "../api/agents.ts";
import { withExamples, type AddCommand, type CommandContext } from "../command-context.ts";
import { checkTypes, eventTypeIn } from "../options/event-types.ts";
import { showTested, TEST_TIMEOUT_MS, testedSchema } from "../output/tested.ts";

/** `ringback trigger`: sends a sample event through the platform, and shows the endpoint's response. */
export const triggerCommand: AddCommand = (program, context) => {
  const command = program
    .command("trigger")
    .description("send a sample event to an agent's endpoint, once, and show what it answered")
    .addArgument(
      new Argument("<event_type>", "the type of the sample, such as call_completed").argParser(
        eventTypeIn,
      ),
    )
    .requiredOption("--agent <agent_id>", "the agent whose subscription is tried out")
    .action((eventType: string, { agent }: { agent: string }) =>
      trigger(eventType, agent, context()),
    );
  withExamples(command, {
    "trigger call_completed --agent agent-7": "try out the endpoint of agent-7",
  });
};

const trigger = async (
  eventType: string,
  named: string,
  context: CommandContext,
): Promise<void> => {
  const { client, interrupted: signal } = context;
  await checkTypes(context, [eventType]);
  const agentId = (await wholeAgentId(context, named)) ?? named;
  const path = `${agentPath(agentId)}/test-event`;
  const body = { event_type: eventType };
  const call = { method: "POST", path, body, signal, timeoutMs: TEST_TIMEOUT_MS } as const;
  const response = await namingAgent(context, agentId, () => client.call(call, testedSchema));
  showTested(response, context);
};
