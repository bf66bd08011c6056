import { InvalidArgumentError, Option, type Command } from "commander";
import { checkAgent, wholeAgentId } from "../api/agents.ts";
import type { CommandContext } from "../command-context.ts";
import { didYouMean } from "../api/did-you-mean.ts";
import { usageError } from "../cli-error.ts";
import { checkTypes, eventTypesIn } from "./event-types.ts";
import { momentIn } from "./moment.ts";

/** What every list can be narrowed by. */
export type Filters = {
  readonly agent?: string;
  readonly call?: string;
  readonly endpoint?: string;
  readonly type?: readonly string[];
  readonly since?: string;
  readonly until?: string;
};

/** Adds the options of `Filters`, but `--call`. */
export const withFilters = (command: Command): Command =>
  command
    .option("--agent <agent_id>", "only of this agent")
    .addOption(
      new Option("--type <event_types>", "only of these types: one, or more with commas").argParser(
        eventTypesIn,
      ),
    )
    .option("--since <time>", "only since: 2026-11-28T09:00:00Z, 2026-11-28, or 2h for so long ago")
    .option("--until <time>", "only before");

/** Adds the options of a list. */
export const withListOptions = (command: Command): Command =>
  withFilters(command)
    .option("--call <call_id>", "only of this call")
    .option("--endpoint <endpoint>", "only those to this endpoint, by its id or uid")
    .option("--limit <n>", "at most so many", "20");

/** An option that takes one of these words, or more of them with commas between. */
export const choicesOption = (
  flags: string,
  description: string,
  choices: readonly string[],
): Option =>
  new Option(flags, `${description}: ${choices.join(", ")}; one, or more with commas`).argParser(
    (text) => {
      const words = text.split(",").map((word) => word.trim());
      const wrong = words.find((word) => !choices.includes(word));
      if (wrong === undefined) return words;
      const near = didYouMean(wrong, choices);
      throw new InvalidArgumentError(
        near === "" ? `Expected one of ${choices.join(", ")}.` : `D${near.slice(3)}`,
      );
    },
  );

/** The query of a list; throws for a type or a time that is none. */
export const filterQuery = async (
  { agent, call, endpoint, type, since, until }: Filters,
  context: Pick<CommandContext, "client" | "interrupted">,
) => {
  const nowMs = Date.now();
  const times = {
    since: since === undefined ? undefined : momentIn("--since", since, nowMs),
    until: until === undefined ? undefined : momentIn("--until", until, nowMs),
  };
  await checkTypes(context, type);
  return {
    agent_id: await wholeAgentId(context, agent),
    call_id: call,
    endpoint_id: endpoint,
    event_type: type?.join(","),
    ...times,
  };
};

/** Says that a list is empty; throws where that is because there is no such agent. */
export const nothingFound = async (
  what: string,
  agentId: string | undefined,
  context: CommandContext,
): Promise<void> => {
  await checkAgent(context, agentId);
  context.terminal.note(`There are no such ${what}.`);
};

export const limitIn = (text: string): number => {
  const limit = Number(text);
  if (/^\d{1,7}$/.test(text) && limit >= 1) return limit;
  throw usageError(`--limit is '${text}': expected a whole number from 1`);
};
