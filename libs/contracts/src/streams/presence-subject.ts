import { isId } from "../id.ts";
import { token } from "./subjects.ts";

/** What every dispatcher hears of all others; on no stream, as only the present counts. */
export const ALL_PRESENCE = "dispatchers.alive.*";

/** Where one dispatcher says that it is there; its id is made anew at each start. */
export const presenceSubject = (dispatcherId: string): string =>
  `dispatchers.alive.${token(dispatcherId)}`;

/** Says with every word of presence which form of due retries its dispatcher reads; versions before say nothing. */
export const READS_HEADER = "Ringback-Reads";

/** The dispatcher reads due retries whose subject names the delivery (docs/adr/0021). */
export const READS_DELIVERIES = "due-deliveries";

/** The dispatcher that a presence subject names, or undefined. */
export const parsePresenceSubject = (subject: string): string | undefined => {
  const [dispatchers, alive, id, ...rest] = subject.split(".");
  if (dispatchers !== "dispatchers" || alive !== "alive" || rest.length > 0) return undefined;
  return id !== undefined && isId(id) ? id : undefined;
};
