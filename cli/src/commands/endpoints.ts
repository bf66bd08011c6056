import type { Command } from "commander";
import { didYouMean } from "../api/did-you-mean.ts";
import { usageError } from "../cli-error.ts";
import { withExamples, type AddCommand } from "../command-context.ts";
import { createCommand } from "../endpoints/create.ts";
import { deleteCommand } from "../endpoints/delete.ts";
import { editCommand } from "../endpoints/edit.ts";
import { historyCommand } from "../endpoints/history.ts";
import { listCommand, listEndpoints } from "../endpoints/list.ts";
import { matchCommand } from "../endpoints/match.ts";
import { rotateEndpointCommand } from "../endpoints/rotate.ts";
import { testCommand } from "../endpoints/send-test.ts";
import { showCommand } from "../endpoints/show.ts";
import {
  disableCommand,
  enableCommand,
  pauseCommand,
  resumeCommand,
} from "../endpoints/switches.ts";

/** In the order of the help, by what they are for. */
const COMMANDS: Readonly<Record<string, readonly AddCommand[]>> = {
  "See:": [listCommand, showCommand, matchCommand, historyCommand],
  "Set:": [createCommand, editCommand, deleteCommand, rotateEndpointCommand],
  "Switch off and on:": [pauseCommand, resumeCommand, disableCommand, enableCommand],
  "Try it out:": [testCommand],
};

/** `ringback endpoints`: the URLs that events of any agent go to; alone it lists them. */
export const endpointsCommand: AddCommand = (program, context) => {
  const endpoints = program
    .command("endpoints")
    .description("list, set, switch and try the URLs that events of any agent go to")
    .allowExcessArguments() // so that the text below says what was meant
    .action((_options: object, { args: [name] }: Command) => {
      if (name === undefined) return listEndpoints({}, context());
      const known = endpoints.commands.map((one) => one.name());
      const hint = didYouMean(name, known) || `: there are ${known.join(", ")}`;
      throw usageError(`unknown command 'endpoints ${name}'${hint}`);
    });
  for (const [heading, commands] of Object.entries(COMMANDS)) {
    endpoints.commandsGroup(heading);
    for (const add of commands) add(endpoints, context);
  }
  withExamples(endpoints, {
    endpoints: "all endpoints of the workspace",
    "endpoints create https://crm.example.com/calls --uid crm": "one more, for all events",
    "endpoints create --help": "the options of a command",
  });
};
