import { usageError } from "../cli-error.ts";
import { withExamples, type AddCommand, type CommandContext } from "../command-context.ts";
import { callbackUrlIn } from "../options/callback-url.ts";
import { choicesOption } from "../options/filters.ts";
import { endpointPath, endpointSchema, nameOf, namingEndpoint } from "./endpoint.ts";
import { settingsOf, withSettings, type SettingsOptions } from "./settings.ts";

/** What an endpoint has when a field is taken away. */
const WITHOUT = {
  delivery: null,
  description: null,
  filter: null,
  headers: {},
  metadata: null,
  order: null,
} as const;

type Removable = keyof typeof WITHOUT;

type EditOptions = SettingsOptions & {
  readonly url?: string;
  readonly unset?: readonly Removable[];
};

/** `ringback endpoints edit`: changes what it names, and nothing else. */
export const editCommand: AddCommand = (endpoints, context) => {
  const command = endpoints
    .command("edit")
    .description("change an endpoint: what is named is set wholly, all else stays")
    .argument("<endpoint>", "its id or uid")
    .option("--url <url>", "where events go");
  withSettings(command)
    .addOption(choicesOption("--unset <fields>", "take away", Object.keys(WITHOUT)))
    .action((idOrUid: string, options: EditOptions) => editEndpoint(idOrUid, options, context()));
  withExamples(command, {
    "endpoints edit crm --url https://crm.example.com/v2/calls": "events go elsewhere",
    "endpoints edit crm --agent agent-7,agent-8 --unset filter":
      "of two agents alone, whatever their payload",
  });
};

const editEndpoint = async (
  idOrUid: string,
  { url, unset = [], ...options }: EditOptions,
  context: CommandContext,
): Promise<void> => {
  const { client, terminal, interrupted: signal } = context;
  const path = endpointPath(idOrUid);
  const set = {
    ...(url !== undefined && { url: callbackUrlIn(url) }),
    ...(await settingsOf(options, context)),
  };
  const twice = unset.find((field) => field in set);
  if (twice !== undefined) throw usageError(`${twice} is set and unset: leave one of both out`);
  const body = { ...set, ...Object.fromEntries(unset.map((field) => [field, WITHOUT[field]])) };
  const named = Object.keys(body);
  if (named.length === 0) {
    throw usageError(`name what changes, such as --url or --unset filter: nothing else does`);
  }
  const call = { method: "PATCH", path, body, signal } as const;
  const endpoint = await namingEndpoint(context, idOrUid, () => client.call(call, endpointSchema));
  if (terminal.isJson) return terminal.line(JSON.stringify(endpoint));
  const fields = named.map((field) => (unset.some((one) => one === field) ? `no ${field}` : field));
  terminal.line(`${nameOf(endpoint)}: ${fields.join(", ")} (version ${endpoint.version})`);
};
