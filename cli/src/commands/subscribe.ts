import type { RequestHeaders } from "@ringback/contracts/agents/request-headers";
import { METHOD_TYPES } from "@ringback/contracts/agents/subscription";
import { Argument, Option } from "commander";
import { z } from "zod";
import { namingAgent, wholeAgentId } from "../api/agents.ts";
import { withExamples, type AddCommand, type CommandContext } from "../command-context.ts";
import { callbackUrlIn } from "../options/callback-url.ts";
import { checkTypes, eventTypesIn } from "../options/event-types.ts";
import { headersIn } from "../options/header.ts";
import { orderOf, withOrderOptions, type OrderOptions } from "../options/order.ts";

type SubscribeOptions = OrderOptions & {
  readonly method?: string;
  readonly header?: RequestHeaders;
};

const changeSchema = z.looseObject({
  event_type: z.string(),
  callback_url: z.string(),
  changed: z.array(z.string()).optional(),
});

const responseSchema = z.looseObject({
  agent_id: z.string(),
  added: z.array(changeSchema).optional(),
  replaced: z.array(changeSchema).optional(),
  unchanged: z.array(changeSchema).optional(),
  event_subscriptions: z.array(
    z.looseObject({ event_type: z.string(), signing: z.array(z.unknown()).optional() }),
  ),
  signing_secret: z.string().optional(),
});

type Response = z.infer<typeof responseSchema>;

/** `ringback subscribe`: sets where an agent's events of some types go. */
export const subscribeCommand: AddCommand = (program, context) => {
  const command = program
    .command("subscribe")
    .description("send an agent's events of these types to a URL; other types stay as they are")
    .argument("<agent_id>", "the agent")
    .addArgument(
      new Argument("<event_types>", "one type, or more with commas").argParser(eventTypesIn),
    )
    .argument("<url>", "where its events go, such as https://crm.example.com/calls")
    .addOption(new Option("--method <method>", "of the requests").choices(METHOD_TYPES))
    .option("--header <'Name: value'>", "sent with every request; may be repeated", headersIn);
  withOrderOptions(command).action(
    (agentId: string, types: readonly string[], url: string, options: SubscribeOptions) =>
      subscribe({ agentId, types, url: callbackUrlIn(url), options }, context()),
  );
  withExamples(command, {
    "subscribe agent-7 call_completed,recording_completed https://crm.example.com/calls":
      "two types to one URL",
    "subscribe agent-7 call_completed https://crm.example.com/calls --method PUT --header 'Authorization: Bearer crm-token'":
      "with a header of your own; a subscription is set as a whole",
  });
};

type Wanted = {
  readonly agentId: string;
  readonly types: readonly string[];
  readonly url: string;
  readonly options: SubscribeOptions;
};

const subscribe = async (wanted: Wanted, context: CommandContext): Promise<void> => {
  const { client, terminal, interrupted: signal } = context;
  const { types, url, options } = wanted;
  const order = orderOf(options);
  await checkTypes(context, types);
  const agentId = (await wholeAgentId(context, wanted.agentId)) ?? wanted.agentId;
  const { method = "POST", header: headers = {} } = options;
  const event_subscriptions = [
    {
      event_type: types,
      callback_url: url,
      method_type: method,
      headers,
      ...(order && { order }),
    },
  ];
  const body = { operation: "edit_event_subscriptions", agent_id: agentId, event_subscriptions };
  const call = { method: "PATCH", path: "/agent/v1", body, signal } as const;
  const response = await namingAgent(context, agentId, () => client.call(call, responseSchema));
  if (terminal.isJson) return terminal.line(JSON.stringify(response));
  for (const type of types) {
    terminal.line(`${agentId}: ${type} → ${method} ${url}: ${whatWasDone(type, response)}`);
  }
  if (response.signing_secret !== undefined) {
    terminal.line(`Signing secret, shown this once: ${response.signing_secret}`);
  }
  const unsigned = response.event_subscriptions
    .filter(({ event_type, signing }) => types.includes(event_type) && signing === undefined)
    .map(({ event_type }) => event_type);
  if (unsigned.length > 0) {
    terminal.line(`not signed: ${unsigned.join(", ")} (\`ringback rotate ${agentId}\` signs all)`);
  }
};

const whatWasDone = (type: string, { replaced = [], unchanged = [] }: Response): string => {
  const before = replaced.find(({ event_type }) => event_type === type);
  if (before !== undefined) {
    const { changed = [], callback_url } = before;
    const what = changed.length === 0 ? "" : `, changed: ${changed.join(", ")}`;
    return `replaced (it was ${callback_url}${what})`;
  }
  return unchanged.some(({ event_type }) => event_type === type) ? "as before" : "subscribed";
};
