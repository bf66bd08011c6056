import { ENDPOINT_UID_RULE, isEndpointUid } from "@ringback/contracts/endpoints/endpoint-id";
import { InvalidArgumentError } from "commander";
import { withExamples, type AddCommand, type CommandContext } from "../command-context.ts";
import { callbackUrlIn } from "../options/callback-url.ts";
import { newKeyFields } from "../output/new-key.ts";
import { endpointSchema, nameOf, type ReadEndpoint } from "./endpoint.ts";
import { settingsOf, withSettings, type SettingsOptions } from "./settings.ts";

type CreateOptions = SettingsOptions & { readonly uid?: string };

const createdSchema = endpointSchema.extend(newKeyFields);

/** `ringback endpoints create`: a further URL that events go to. */
export const createCommand: AddCommand = (endpoints, context) => {
  const command = endpoints
    .command("create")
    .description("send events to a further URL, beside the subscriptions of their agents")
    .argument("<url>", "where they go, such as https://crm.example.com/calls")
    .option("--uid <uid>", "your own id of it, which never changes", uidIn);
  withSettings(command).action((url: string, options: CreateOptions) =>
    createEndpoint(callbackUrlIn(url), options, context()),
  );
  withExamples(command, {
    "endpoints create https://crm.example.com/calls --uid crm --event-type 'call_*'":
      "events of calls, of all agents",
    "endpoints create https://crm.example.com/calls --agent agent-7 --header 'Authorization: Bearer crm-token'":
      "all events of one agent, with a header of your own",
    'endpoints create https://crm.example.com/long --filter \'{"data": {"call_duration": {"$gte": 3600}}}\'':
      "events whose payload fits; @filter.json reads a file",
  });
};

const uidIn = (text: string): string => {
  if (isEndpointUid(text)) return text;
  throw new InvalidArgumentError(`It ${ENDPOINT_UID_RULE}.`);
};

const createEndpoint = async (
  url: string,
  { uid, ...options }: CreateOptions,
  context: CommandContext,
): Promise<void> => {
  const { client, terminal, interrupted: signal } = context;
  const settings = await settingsOf(options, context);
  const body = { ...(uid !== undefined && { uid }), url, ...settings };
  const call = { method: "POST", path: "/endpoints", body, signal } as const;
  const created = await client.call(call, createdSchema);
  if (terminal.isJson) return terminal.line(JSON.stringify(created));
  terminal.line(`${nameOf(created)}: ${choiceOf(created)} → ${created.method_type} ${created.url}`);
  if (created.signing_secret !== undefined) {
    terminal.line(`Signing secret, shown this once: ${created.signing_secret}`);
  }
};

/** `call_* of agent-7`. */
const choiceOf = ({ agents, event_types, filter }: ReadEndpoint): string => {
  const types = event_types.includes("*") ? "all events" : event_types.join(", ");
  const of = agents.includes("*") ? "all agents" : agents.join(", ");
  return `${types} of ${of}${filter === undefined ? "" : " that its filter matches"}`;
};
