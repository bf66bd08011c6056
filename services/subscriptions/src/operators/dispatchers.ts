import {
  ALL_PRESENCE,
  parsePresenceSubject,
  PRESENCE_HEADERS,
  PRESENCE_TEXTS,
} from "@ringback/contracts/streams/presence-subject";
import { headerIn, rawHeadersOf } from "@ringback/runtime/nats/message-headers";
import type { Nats } from "@ringback/runtime/nats/connection";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import {
  afterHeard,
  running,
  type Heard,
  type KnownDispatcher,
  type KnownDispatchers,
} from "./decide/known-dispatchers.ts";

export type Dispatchers = {
  /** Those that run now; undefined: nothing is heard, as the permission is missing. */
  readonly running: () => readonly KnownDispatcher[] | undefined;
  readonly stop: () => void;
};

/** A text of a header that is shown to people. */
const MAX_TEXT = 128;

/** Listens to the dispatchers' presence until it is stopped. */
export const followDispatchers = (nats: Nats, now: () => number, log: Logger): Dispatchers => {
  let known: KnownDispatchers = new Map();
  let hasFailed = false;
  const subscription = nats.connection.subscribe(ALL_PRESENCE, {
    callback: (error, message) => {
      if (error !== null) {
        hasFailed = true;
        return log.warn({ err: error }, "presence.deaf");
      }
      const id = parsePresenceSubject(message.subject);
      if (id === undefined) return;
      // Read raw: an error of the client's decoder would end the reading of the whole connection.
      const raw = rawHeadersOf(message);
      const text = (header: string) => headerIn(raw, header).slice(0, MAX_TEXT) || undefined;
      const inFlight = Number(text(PRESENCE_HEADERS.inFlight));
      const heard: Heard = {
        id,
        atMs: now(),
        hasLeft: message.string() === PRESENCE_TEXTS.leave,
        version: text(PRESENCE_HEADERS.version),
        process: text(PRESENCE_HEADERS.process),
        inFlight: Number.isSafeInteger(inFlight) ? inFlight : undefined,
      };
      known = afterHeard(known, heard);
    },
  });
  return {
    running: () => (hasFailed ? undefined : running(known, now())),
    stop: () => subscription.unsubscribe(),
  };
};
