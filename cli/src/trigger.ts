import { outcomeSchema } from "@ringback/contracts/deliveries/attempt";
import { Argument } from "commander";
import { z } from "zod";
import type { AddCommand, CommandContext } from "./command-context.ts";
import { printable } from "./terminal.ts";
import { eventTypeIn } from "./event-type.ts";

const responseSchema = z.looseObject({
  event_id: z.string(),
  attempt: z
    .looseObject({
      duration_ms: z.number(),
      request: z.looseObject({ method: z.string(), url: z.string() }).optional(),
      outcome: outcomeSchema,
    })
    .nullish(),
});

/** The API waits for the attempt: a request's deadline and some seconds. */
const TIMEOUT_MS = 330_000;

/** `ringback trigger`: sends a sample event through the platform, and shows the endpoint's response. */
export const triggerCommand: AddCommand = (program, context) => {
  program
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
};

const trigger = async (
  eventType: string,
  agentId: string,
  { client, terminal, interrupted, fail }: CommandContext,
): Promise<void> => {
  const response = await client.call(
    {
      method: "POST",
      path: `/agent/v1/${encodeURIComponent(agentId)}/test-event`,
      body: { event_type: eventType },
      signal: interrupted,
      timeoutMs: TIMEOUT_MS,
    },
    responseSchema,
  );
  const { event_id, attempt } = response;
  if (attempt?.outcome.kind !== "delivered") fail();
  if (terminal.isJson) return terminal.line(JSON.stringify(response));
  if (attempt === undefined || attempt === null) {
    return terminal.line(`${event_id}: not attempted in time, and will be`);
  }
  const { outcome, request, duration_ms } = attempt;
  const to = request === undefined ? "" : ` ${request.method} ${printable(request.url)}`;
  terminal.line(
    `${event_id}:${to}: ${verdict(outcome, terminal)} in ${Math.round(duration_ms)} ms`,
  );
};

const verdict = (
  outcome: z.infer<typeof outcomeSchema>,
  { style }: CommandContext["terminal"],
): string => {
  switch (outcome.kind) {
    case "delivered":
      return style("green", `delivered ${outcome.status_code}`);
    case "failed": {
      const { reason, status_code, detail } = outcome;
      const why = [reason, status_code, detail].filter((part) => part !== undefined).join(" ");
      return style("red", `failed ${printable(why)}`);
    }
    case "cancelled":
      return style("yellow", "cancelled: the subscription was gone");
    default:
      return outcome satisfies never;
  }
};
