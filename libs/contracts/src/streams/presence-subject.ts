import { isId } from "../id.ts";
import { token } from "./subjects.ts";

/** The presence messages of all dispatchers; on no stream, as only current ones count. */
export const ALL_PRESENCE = "dispatchers.alive.*";

/** The presence subject of one dispatcher; each start has a new id. */
export const presenceSubject = (dispatcherId: string): string =>
  `dispatchers.alive.${token(dispatcherId)}`;

/** Messages between dispatchers, and their texts on the wire. Every dispatcher replies to a `join` at once. */
export const PRESENCE_TEXTS = { join: "hello", heartbeat: "here", leave: "gone" } as const;

/** A header of presence messages: the form of due retries that the dispatcher reads; missing from earlier versions. */
export const READS_HEADER = "Ringback-Reads";

/** The dispatcher reads due retries whose subject names the delivery (docs/adr/0021). */
export const READS_DELIVERIES = "due-deliveries";

/** Another header: what the dispatcher can do; missing from earlier versions. */
export const KNOWS_HEADER = "Ringback-Knows";

/** The dispatcher delivers to endpoints (docs/adr/0027). */
export const KNOWS_ENDPOINTS = "endpoints";

/** Further headers, for people who look at the dispatchers; missing from earlier versions. */
export const PRESENCE_HEADERS = {
  version: "Ringback-Version",
  /** `host/pid`, as leases name their holders. */
  process: "Ringback-Process",
  /** Attempts that are being made. */
  inFlight: "Ringback-In-Flight",
} as const;

/** The dispatcher that a presence subject names, or undefined. */
export const parsePresenceSubject = (subject: string): string | undefined => {
  const [dispatchers, alive, id, ...rest] = subject.split(".");
  if (dispatchers !== "dispatchers" || alive !== "alive" || rest.length > 0) return undefined;
  return id !== undefined && isId(id) ? id : undefined;
};
