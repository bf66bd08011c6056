import type { Outcome } from "@ringback/contracts/deliveries/attempt";
import { Argument } from "commander";
import { z } from "zod";
import { agentPath, namingAgent, wholeAgentId } from "../api/agents.ts";
import { withExamples, type AddCommand, type CommandContext } from "../command-context.ts";
import { checkTypes, eventTypeIn } from "../options/event-types.ts";
import {
  attemptSchema,
  outcomeStyle,
  requestOf,
  responseLines,
  resultOf,
  tookOf,
} from "../output/attempt.ts";
import { printable } from "../output/printable.ts";

const responseSchema = z.looseObject({ event_id: z.string(), attempt: attemptSchema.nullish() });

/** The API waits for the attempt: a request's deadline and some seconds. */
const TIMEOUT_MS = 330_000;

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
  const { client, terminal, interrupted: signal, fail } = context;
  await checkTypes(context, [eventType]);
  const agentId = (await wholeAgentId(context, named)) ?? named;
  const path = `${agentPath(agentId)}/test-event`;
  const body = { event_type: eventType };
  const call = { method: "POST", path, body, signal, timeoutMs: TIMEOUT_MS } as const;
  const response = await namingAgent(context, agentId, () => client.call(call, responseSchema));
  const { event_id, attempt } = response;
  if (attempt?.outcome.kind !== "delivered") fail();
  if (terminal.isJson) return terminal.line(JSON.stringify(response));
  if (attempt === undefined || attempt === null) {
    return terminal.line(
      `${event_id}: not attempted in time, and will be: ringback events ${event_id} shows it`,
    );
  }
  const to = attempt.request === undefined ? "" : ` ${requestOf(attempt)}:`;
  const verdict = terminal.style(outcomeStyle(attempt.outcome), verdictOf(attempt.outcome));
  terminal.line(`${event_id}:${to} ${verdict} in ${tookOf(attempt.duration_ms)}`);
  const lines = responseLines(attempt);
  if (lines.length > 0) terminal.line("");
  for (const line of lines) terminal.line(line);
};

const verdictOf = (outcome: Outcome): string => {
  switch (outcome.kind) {
    case "delivered":
      return `delivered ${outcome.status_code}`;
    case "failed": {
      const { detail } = outcome;
      const why = detail === undefined ? "" : ` (${printable(detail)})`;
      return `failed ${resultOf(outcome)}${why}`;
    }
    case "cancelled":
      return "cancelled: the subscription was gone";
    default:
      return outcome satisfies never;
  }
};
