import { isId } from "./id.ts";
import { token } from "./subjects.ts";

/** What every dispatcher hears of all others; on no stream, as only the present counts. */
export const ALL_PRESENCE = "dispatchers.alive.*";

/** Where one dispatcher says that it is there; its id is made anew at each start. */
export const presenceSubject = (dispatcherId: string): string =>
  `dispatchers.alive.${token(dispatcherId)}`;

/** The dispatcher that a presence subject names, or undefined. */
export const parsePresenceSubject = (subject: string): string | undefined => {
  const [dispatchers, alive, id, ...rest] = subject.split(".");
  if (dispatchers !== "dispatchers" || alive !== "alive" || rest.length > 0) return undefined;
  return id !== undefined && isId(id) ? id : undefined;
};
