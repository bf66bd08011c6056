import { collect } from "../api/pages.ts";
import { withExamples, type AddCommand, type CommandContext } from "../command-context.ts";
import { keySchema } from "./key.ts";

/** `ringback keys list`: the keys of the workspace, newest first. */
export const listKeysCommand: AddCommand = (keys, context) => {
  const command = keys
    .command("list")
    .description("list the keys of the workspace, newest first, and those of the operator's file")
    .action(() => listKeys(context()));
  withExamples(command, { "keys list": "what they may do, and when they end" });
};

/** Lists all keys. */
export const listKeys = async (context: CommandContext): Promise<void> => {
  const { terminal } = context;
  const wanted = { path: "/api-keys", items: "api_keys", schema: keySchema, limit: Infinity };
  const all = await collect(context, wanted);
  if (terminal.isJson) return;
  terminal.table(
    [
      { heading: "KEY", cell: ({ key_id }) => key_id },
      { heading: "NAME", cell: ({ name }) => name, shrinks: true },
      { heading: "STATE", cell: ({ state }) => state },
      { heading: "SCOPES", cell: ({ scopes }) => scopes.join(", ") },
      { heading: "AGENTS", cell: ({ agents }) => agents?.join(", ") ?? "*", shrinks: true },
      { heading: "ENDS", cell: ({ expires_at: at }) => (at === null ? "" : terminal.time(at)) },
      { heading: "SOURCE", cell: ({ source }) => source },
      { heading: "BY", cell: ({ created_by }) => created_by ?? "", onlyWide: true },
      {
        heading: "SINCE",
        cell: ({ created_at: at }) => (at === null ? "" : terminal.time(at)),
        onlyWide: true,
      },
    ],
    all,
  );
};
