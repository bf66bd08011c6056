import { z } from "zod";
import { collect } from "../api/pages.ts";
import { withExamples, type AddCommand, type CommandContext } from "../command-context.ts";
import { limitIn } from "../options/filters.ts";
import type { Terminal } from "../output/terminal.ts";
import { endpointPath, namingEndpoint } from "./endpoint.ts";

const changeSchema = z.looseObject({
  version: z.int(),
  type: z.string(),
  at: z.string(),
  actor: z.string().nullable(),
  set: z.record(z.string(), z.unknown()).optional(),
  state: z.string().optional(),
  events: z.string().optional(),
  key: z.looseObject({ scheme: z.string() }).optional(),
  former_expire_at: z.string().optional(),
});

type Change = z.infer<typeof changeSchema>;

/** `ringback endpoints history`: who changed what and when. */
export const historyCommand: AddCommand = (endpoints, context) => {
  const command = endpoints
    .command("history")
    .description("list the changes of an endpoint, newest first, also of one that was deleted")
    .argument("<endpoint>", "its id or uid")
    .option("--limit <n>", "at most so many", "20")
    .action((idOrUid: string, { limit }: { limit: string }) =>
      listChanges(idOrUid, limit, context()),
    );
  withExamples(command, { "endpoints history crm": "who changed it, when, and what" });
};

const listChanges = async (
  idOrUid: string,
  limit: string,
  context: CommandContext,
): Promise<void> => {
  const { terminal } = context;
  const path = `${endpointPath(idOrUid)}/history`;
  const wanted = { path, items: "changes", schema: changeSchema, limit: limitIn(limit) };
  const changes = await namingEndpoint(context, idOrUid, () => collect(context, wanted));
  if (terminal.isJson) return;
  terminal.table(
    [
      { heading: "VERSION", cell: ({ version }) => String(version) },
      { heading: "AT", cell: ({ at }) => terminal.time(at) },
      { heading: "BY", cell: ({ actor }) => actor ?? "", shrinks: true },
      { heading: "CHANGE", cell: (change) => changeText(change, terminal), shrinks: true },
    ],
    changes,
  );
};

/** `changed: url, no filter`, `disabled, events hold`, `secret_rotated: v1, those before until …`. */
const changeText = (change: Change, { time }: Pick<Terminal, "time">): string => {
  const { set = {}, state, events, key, former_expire_at: until } = change;
  const type = change.type.replace(/^endpoint_/, "");
  if (state !== undefined) return events === undefined ? state : `${state}, events ${events}`;
  const fields = Object.entries(set).map(([name, value]) => (value === null ? `no ${name}` : name));
  const keys = type === "secret_rotated" && key !== undefined ? [key.scheme] : [];
  const previous = until === undefined ? [] : [`those before until ${time(until)}`];
  const what = [...fields, ...keys, ...previous];
  return what.length === 0 ? type : `${type}: ${what.join(", ")}`;
};
