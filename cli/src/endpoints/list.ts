import { choosesType, ENDPOINT_STATES } from "@ringback/contracts/endpoints/endpoint";
import { Option } from "commander";
import { wholeAgentId } from "../api/agents.ts";
import { pages } from "../api/pages.ts";
import { withExamples, type AddCommand, type CommandContext } from "../command-context.ts";
import { checkTypes, eventTypesIn } from "../options/event-types.ts";
import { choicesOption } from "../options/filters.ts";
import { printable } from "../output/printable.ts";
import { ENDPOINTS, paintState, type ListedEndpoint } from "./endpoint.ts";

type ListOptions = {
  readonly agent?: string;
  readonly eventType?: readonly string[];
  readonly state?: readonly string[];
};

/** `ringback endpoints list`: the workspace's endpoints, the oldest first. */
export const listCommand: AddCommand = (endpoints, context) => {
  const command = endpoints
    .command("list")
    .description("list the endpoints of the workspace, the oldest first")
    .option("--agent <agent_id>", "only those that events of this agent go to")
    .addOption(
      new Option(
        "--type, --event-type <event_types>",
        "only those that events of these types go to: one, or more with commas",
      ).argParser(eventTypesIn),
    )
    .addOption(choicesOption("--state <states>", "only those that are", ENDPOINT_STATES))
    .action((options: ListOptions) => listEndpoints(options, context()));
  withExamples(command, {
    "endpoints list": "all endpoints",
    "endpoints list --agent agent-7 --event-type call_completed": "where such an event goes",
    "endpoints list --state paused,disabled": "those that get nothing now",
  });
};

/** Lists the endpoints that fit; `ringback endpoints` alone lists all. */
export const listEndpoints = async (
  { agent, eventType: types, state: states }: ListOptions,
  context: CommandContext,
): Promise<void> => {
  const { client, terminal, interrupted: signal } = context;
  await checkTypes(context, types);
  const query = { agent_id: await wholeAgentId(context, agent) };
  const fits = (one: ListedEndpoint): boolean =>
    (types === undefined || types.some((type) => choosesType(one, type))) &&
    (states === undefined || states.includes(one.state));
  const found: ListedEndpoint[] = [];
  for await (const one of pages(client, { ...ENDPOINTS, query, limit: Infinity, signal })) {
    if (!fits(one)) continue;
    found.push(one);
    if (terminal.isJson) terminal.line(JSON.stringify(one));
  }
  if (found.length === 0) {
    const isNarrowed = agent !== undefined || types !== undefined || states !== undefined;
    return terminal.note(
      isNarrowed
        ? "There are no such endpoints."
        : "There are no endpoints: `ringback endpoints create` makes the first one.",
    );
  }
  if (!terminal.isJson) showEndpoints(found, context);
};

const showEndpoints = (
  endpoints: readonly ListedEndpoint[],
  { terminal }: Pick<CommandContext, "terminal">,
): void => {
  terminal.table(
    [
      { heading: "ENDPOINT", cell: ({ endpoint_id }) => endpoint_id },
      { heading: "UID", cell: ({ uid = "" }) => uid, shrinks: true },
      {
        heading: "STATE",
        cell: ({ state }) => state,
        paint: ({ state }, text) => paintState(terminal, state, text),
      },
      { heading: "SINCE", cell: ({ state_since }) => terminal.time(state_since), onlyWide: true },
      { heading: "AGENTS", cell: ({ agents }) => agents.join(", "), shrinks: true },
      { heading: "TYPES", cell: ({ event_types }) => event_types.join(", "), shrinks: true },
      { heading: "URL", cell: ({ url }) => printable(url), shrinks: true },
      {
        heading: "FILTER",
        cell: ({ filter }) => (filter === undefined ? "" : JSON.stringify(filter)),
        onlyWide: true,
      },
      { heading: "DESCRIPTION", cell: ({ description = "" }) => description, onlyWide: true },
    ],
    endpoints,
  );
};
