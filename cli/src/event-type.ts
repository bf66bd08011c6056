import { EVENT_TYPES, isEventTypeName } from "@ringback/contracts/events/event-types";
import { InvalidArgumentError } from "commander";

/** Checks the name's form only: the API knows the workspace's types. */
export const eventTypeIn = (text: string): string => {
  if (isEventTypeName(text)) return text;
  throw new InvalidArgumentError(
    `Expected one of ${EVENT_TYPES.join(", ")}, or a type that was added.`,
  );
};
