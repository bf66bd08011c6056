import type { Command } from "commander";
import { didYouMean } from "../api/did-you-mean.ts";
import { usageError } from "../cli-error.ts";
import { withExamples, type AddCommand } from "../command-context.ts";
import { createKeyCommand } from "../keys/create.ts";
import { deleteKeyCommand } from "../keys/delete.ts";
import { listKeys, listKeysCommand } from "../keys/list.ts";
import { rotateKeyCommand } from "../keys/rotate.ts";

/** `ringback keys`: the API keys of the workspace; alone it lists them. */
export const keysCommand: AddCommand = (program, context) => {
  const keys = program
    .command("keys")
    .description("list, make, rotate and delete the API keys of the workspace")
    .allowExcessArguments() // so that the text below says what was meant
    .action((_options: object, { args: [name] }: Command) => {
      if (name === undefined) return listKeys(context());
      const known = keys.commands.map((one) => one.name());
      const hint = didYouMean(name, known) || `: there are ${known.join(", ")}`;
      throw usageError(`unknown command 'keys ${name}'${hint}`);
    });
  for (const add of [listKeysCommand, createKeyCommand, rotateKeyCommand, deleteKeyCommand]) {
    add(keys, context);
  }
  withExamples(keys, {
    keys: "all keys of the workspace",
    "keys create CRM --scopes read,redeliver": "one more; it is printed this once",
  });
};
