import { shownText, type Problem } from "./problem.ts";

/** What a caller is told about a call without events; another workspace's is not there either. */
export const callNotFound = (callId: string): Problem => ({
  code: "call_not_found",
  detail: `There is no event of a call ${shownText(callId)} in this workspace: they are kept for some days.`,
});

/** The same for an event: of an unknown id, gone, or of a stream that was made anew since. */
export const eventNotFound = (eventId: string): Problem => ({
  code: "event_not_found",
  detail: `There is no event ${shownText(eventId)} in this workspace: they are kept for some days.`,
});

/** The same for an event that was not given up, or whose dead letter is gone. */
export const deadLetterNotFound = (eventId: string): Problem => ({
  code: "dead_letter_not_found",
  detail: `There is no dead letter of an event ${shownText(eventId)} in this workspace.`,
});
