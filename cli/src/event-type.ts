import { EVENT_TYPES, isEventTypeName } from "@ringback/contracts/events/event-types";
import { InvalidArgumentError } from "commander";

/** The name of an event type; whether it is known in the workspace is the API's to say. */
export const eventTypeIn = (text: string): string => {
  if (isEventTypeName(text)) return text;
  throw new InvalidArgumentError(
    `Expected one of ${EVENT_TYPES.join(", ")}, or a type that was added.`,
  );
};
