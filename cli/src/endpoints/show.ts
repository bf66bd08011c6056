import { parseExact } from "@ringback/contracts/json/exact-json";
import { notTheApi } from "../api/response.ts";
import { withExamples, type AddCommand, type CommandContext } from "../command-context.ts";
import { momentIn } from "../options/moment.ts";
import { jsonLine } from "../output/json-line.ts";
import { printable } from "../output/printable.ts";
import { fact } from "../output/table.ts";
import type { Terminal } from "../output/terminal.ts";
import {
  endpointPath,
  endpointSchema,
  nameOf,
  namingEndpoint,
  paintState,
  type ReadEndpoint,
} from "./endpoint.ts";

/** `ringback endpoints show`: one endpoint, as it is or as it was. */
export const showCommand: AddCommand = (endpoints, context) => {
  const command = endpoints
    .command("show")
    .description("show an endpoint: where it is, which events it gets, how it is signed")
    .argument("<endpoint>", "its id or uid")
    .option("--at <time>", "as it was then: 2026-11-28T09:00:00Z, 2026-11-28, or 2h ago")
    .action((idOrUid: string, { at }: { at?: string }) => showEndpoint(idOrUid, at, context()));
  withExamples(command, {
    "endpoints show crm": "as it is",
    "endpoints show crm --at 2h": "as it was two hours ago",
  });
};

const showEndpoint = async (
  idOrUid: string,
  at: string | undefined,
  context: CommandContext,
): Promise<void> => {
  const { client, terminal, interrupted: signal } = context;
  const path = endpointPath(idOrUid);
  const query = { at: at === undefined ? undefined : momentIn("--at", at, Date.now()) };
  const line = jsonLine(
    await namingEndpoint(context, idOrUid, () => client.bytes({ path, query, signal })),
  );
  const endpoint = endpointSchema.safeParse(parseExact(line)).data;
  if (endpoint === undefined) throw notTheApi(path, "what is not understood here");
  if (terminal.isJson) return terminal.line(line);
  for (const one of factsOf(endpoint, terminal)) terminal.line(one);
};

const factsOf = (endpoint: ReadEndpoint, terminal: Terminal): string[] => {
  const { time, style } = terminal;
  const { state, filter, order, signing = [], metadata = {} } = endpoint;
  const facts: Readonly<Record<string, string | undefined>> = {
    Endpoint: style("bold", nameOf(endpoint)),
    Description: endpoint.description,
    Request: `${endpoint.method_type} ${endpoint.url}`,
    Headers: Object.keys(endpoint.headers).join(", "),
    Agents: endpoint.agents.join(", "),
    Types: endpoint.event_types.join(", "),
    Filter: jsonOf(filter),
    Order: order && `by ${order.by}, on failure ${order.on_failure}, at most ${order.max_wait}`,
    Delivery: jsonOf(endpoint.delivery),
    Metadata: Object.entries(metadata)
      .map(([name, value]) => `${name}=${value}`)
      .join(", "),
    Signed: signing
      .map(({ scheme, expires_at: end }) =>
        end === undefined ? scheme : `${scheme} until ${time(end)}`,
      )
      .join(", "),
    State: `${paintState(terminal, state)} since ${time(endpoint.state_since)}`,
    "Held since": endpoint.held_since && time(endpoint.held_since),
    Created: time(endpoint.created_at),
    Changed: `${time(endpoint.updated_at)}, version ${endpoint.version}`,
  };
  return Object.entries(facts).flatMap(([name, text = ""]) =>
    text === "" ? [] : [fact(name, text.replaceAll(/[\r\n]/g, printable))],
  );
};

const jsonOf = (value: unknown): string | undefined =>
  value === undefined ? undefined : JSON.stringify(value);
