import type { RequestHeaders } from "@ringback/contracts/agents/request-headers";
import { METHOD_TYPES } from "@ringback/contracts/agents/subscription";
import {
  EVENT_TYPE_PATTERN_RULE,
  isEventTypePattern,
} from "@ringback/contracts/endpoints/event-type-pattern";
import { EVENT_TYPES } from "@ringback/contracts/events/event-types";
import { InvalidArgumentError, Option, type Command } from "commander";
import { wholeAgentId } from "../api/agents.ts";
import { didYouMean } from "../api/did-you-mean.ts";
import { usageError } from "../cli-error.ts";
import type { CommandContext } from "../command-context.ts";
import { checkTypes } from "../options/event-types.ts";
import { headersIn } from "../options/header.ts";
import { jsonValue } from "../options/json-value.ts";
import { orderOf, withOrderOptions, type OrderOptions } from "../options/order.ts";

export type SettingsOptions = OrderOptions & {
  readonly agent?: readonly string[];
  readonly eventType?: readonly string[];
  readonly filter?: string;
  readonly header?: RequestHeaders;
  readonly method?: string;
  readonly delivery?: string;
  readonly description?: string;
  readonly metadata?: Readonly<Record<string, string>>;
};

/** Adds the options of `SettingsOptions`. */
export const withSettings = (command: Command): Command => {
  const chosen = command
    .addOption(
      new Option(
        "--agent <agent_ids>",
        "only events of these agents: one, or more with commas; '*' for all",
      ).argParser(listIn),
    )
    .addOption(
      new Option(
        "--type, --event-type <event_types>",
        "only events of these types, such as call_completed,recording_*; '*' for all of calls",
      ).argParser(patternsIn),
    )
    .option("--filter <json>", "only events that fit: JSON, or @ and the name of a file")
    .option("--header <'Name: value'>", "sent with every request; may be repeated", headersIn)
    .addOption(new Option("--method <method>", "of the requests").choices(METHOD_TYPES));
  return withOrderOptions(chosen)
    .option("--delivery <json>", "deadline, retries and limits of its own: JSON, or @ and a file")
    .option("--description <text>", "for people")
    .option("--metadata <name=value>", "for your own use; may be repeated", metadataIn);
};

/** Texts with commas between them; an option that is repeated adds to those before. */
const listIn = (text: string, before: readonly string[] = []): readonly string[] => [
  ...new Set([...before, ...text.split(",").map((one) => one.trim())]),
];

const patternsIn = (text: string, before: readonly string[] = []): readonly string[] => {
  const patterns = listIn(text);
  const wrong = patterns.find((one) => !isEventTypePattern(one));
  if (wrong === undefined) return [...new Set([...before, ...patterns])];
  const near = didYouMean(wrong, EVENT_TYPES);
  throw new InvalidArgumentError(
    near === "" ? `It ${EVENT_TYPE_PATTERN_RULE}.` : `D${near.slice(3)}`,
  );
};

const metadataIn = (
  text: string,
  before: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> => {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("Expected name=value.");
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
};

/** The fields of an endpoint that the options name, as a request has them; throws for a mistake in one of them. */
export const settingsOf = async (options: SettingsOptions, context: CommandContext) => {
  const { stdin } = context;
  const { agent, eventType: types, header, method, description, metadata } = options;
  const order = orderOf(options);
  if (options.filter === "@-" && options.delivery === "@-") {
    throw usageError("--filter and --delivery cannot both come from stdin");
  }
  const read = (option: string, text: string | undefined): Promise<unknown> =>
    text === undefined ? Promise.resolve() : jsonValue(option, text, stdin);
  const filter = await read("--filter", options.filter);
  const delivery = await read("--delivery", options.delivery);
  await checkTypes(
    context,
    types?.filter((type) => !type.includes("*")),
  );
  const agents = agent && (await Promise.all(agent.map((one) => wholeAgentId(context, one))));
  return {
    ...(agents && { agents }),
    ...(types && { event_types: types }),
    ...(filter !== undefined && { filter }),
    ...(header && { headers: header }),
    ...(method !== undefined && { method_type: method }),
    ...(order && { order }),
    ...(delivery !== undefined && { delivery }),
    ...(description !== undefined && { description }),
    ...(metadata && { metadata }),
  };
};
