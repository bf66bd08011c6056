import { usageError } from "../cli-error.ts";

/** The path of an event; throws for a text that is no event's id, such as a call's. */
export const eventPath = (eventId: string): string => {
  if (/^evt_[0-9a-z]+_\d+$/.test(eventId)) return `/events/${eventId}`;
  throw usageError(
    `'${eventId}' is no event's id such as evt_t9x3k0_18423: \`ringback events\` lists them, with --call those of a call`,
  );
};
