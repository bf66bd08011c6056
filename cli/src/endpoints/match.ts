import { Option } from "commander";
import { z } from "zod";
import { wholeAgentId } from "../api/agents.ts";
import { withExamples, type AddCommand, type CommandContext } from "../command-context.ts";
import { checkTypes, eventTypeIn } from "../options/event-types.ts";
import { jsonValue } from "../options/json-value.ts";
import { printable } from "../output/printable.ts";
import { nameOf } from "./endpoint.ts";

type MatchOptions = {
  readonly agent: string;
  readonly eventType: string;
  readonly data?: string;
};

const names = { endpoint_id: z.string(), uid: z.string().optional() };

const matchSchema = z.looseObject({
  agent_subscription: z.looseObject({ agent_id: z.string(), callback_url: z.string() }).nullable(),
  matches: z.array(z.looseObject({ ...names, url: z.string(), filter: z.string().optional() })),
  others: z.array(z.looseObject({ ...names, because: z.string(), path: z.string().optional() })),
});

/** `ringback endpoints match`: who would get an event. Sends nothing. */
export const matchCommand: AddCommand = (endpoints, context) => {
  const command = endpoints
    .command("match")
    .description("show who would get an event, and why the others would not; send nothing")
    .addOption(
      new Option("--type, --event-type <event_type>", "the event's type")
        .argParser(eventTypeIn)
        .makeOptionMandatory(),
    )
    .requiredOption("--agent <agent_id>", "the event's agent")
    .option("--data <json>", "its payload, for filters: JSON, or @ and the name of a file")
    .action((options: MatchOptions) => matchEvent(options, context()));
  withExamples(command, {
    "endpoints match --event-type call_completed --agent agent-7": "as far as agent and type say",
    "endpoints match --event-type call_completed --agent agent-7 --data '{\"call_duration\": 12}'":
      "filters look at the payload, too",
  });
};

const matchEvent = async (
  { agent, eventType, data: text }: MatchOptions,
  context: CommandContext,
): Promise<void> => {
  const { client, terminal, interrupted: signal, stdin } = context;
  const data = text === undefined ? undefined : await jsonValue("--data", text, stdin);
  await checkTypes(context, [eventType]);
  const agent_id = (await wholeAgentId(context, agent)) ?? agent;
  const body = { event_type: eventType, agent_id, ...(data !== undefined && { data }) };
  const call = { method: "POST", path: "/endpoints/match", body, signal } as const;
  const matched = await client.call(call, matchSchema);
  if (terminal.isJson) return terminal.line(JSON.stringify(matched));
  const rows = rowsOf(matched);
  if (rows.length === 0) {
    return terminal.note(
      "Nobody gets it: the agent does not subscribe it, and there are no endpoints.",
    );
  }
  terminal.table(
    [
      {
        heading: "GETS IT",
        cell: ({ gets }) => gets,
        paint: ({ gets }, padded) => (gets === "yes" ? terminal.style("green", padded) : padded),
      },
      { heading: "WHO", cell: ({ who }) => who, shrinks: true },
      { heading: "WHY", cell: ({ why }) => why, shrinks: true },
      { heading: "URL", cell: ({ url = "" }) => printable(url), shrinks: true },
    ],
    rows,
  );
};

type Row = {
  readonly gets: "yes" | "no" | "depends";
  readonly who: string;
  readonly why: string;
  readonly url?: string;
};

const rowsOf = ({
  agent_subscription: own,
  matches,
  others,
}: z.infer<typeof matchSchema>): Row[] => [
  ...(own === null
    ? []
    : [{ gets: "yes" as const, who: own.agent_id, why: "subscription", url: own.callback_url }]),
  ...matches.map((one): Row => {
    const who = nameOf(one);
    if (one.filter === undefined) return { gets: "yes", who, why: "endpoint", url: one.url };
    return { gets: "depends", who, why: "its filter: give --data", url: one.url };
  }),
  ...others.map((one): Row => ({ gets: "no", who: nameOf(one), why: one.path ?? one.because })),
];
