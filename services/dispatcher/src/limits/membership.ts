import { randomUUIDv7 } from "node:crypto";
import { headers as newHeaders } from "@nats-io/nats-core";
import {
  ALL_PRESENCE,
  KNOWS_ENDPOINTS,
  KNOWS_HEADER,
  parsePresenceSubject,
  PRESENCE_HEADERS,
  PRESENCE_TEXTS,
  presenceSubject,
  READS_DELIVERIES,
  READS_HEADER,
} from "@ringback/contracts/streams/presence-subject";
import { processName } from "@ringback/runtime/streams/lease";
import { dueForm, onReconnected, type DueForm } from "@ringback/runtime/streams/due-form";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import type { Nats } from "@ringback/runtime/nats/connection";
import {
  afterInterval,
  messageIn,
  NO_OTHERS,
  othersAfter,
  type MembershipMessage,
  type Others,
} from "./decide/membership.ts";

export type Membership = {
  /** How many dispatchers there are, this one included; at least 1. */
  readonly dispatchers: () => number;
  /** The same, for people; undefined while the others cannot be heard. */
  readonly counted: () => number | undefined;
  /** Where retries come in so that all of them can read them. */
  readonly due: Pick<DueForm, "subjectOf">;
  /** Tells the others that this dispatcher begins nothing more. */
  readonly leave: () => void;
};

/** What a dispatcher says about itself, for people. */
type Presence = { readonly version: string; readonly inFlight: number };

type MembershipOptions = {
  readonly intervalMs?: number;
  /** Looked up for each message. */
  readonly presence?: () => Presence;
};

/** After a dispatcher's death its share of the limits lies idle for three intervals. */
const HEARTBEAT_INTERVAL_MS = 2_000;

/** Within this time every dispatcher has replied to a `join`. */
const JOIN_REPLIES_WITHIN_MS = 500;

/**
 * Counts the dispatchers by their messages on core NATS. Joining and leaving count at once; a dispatcher that dies
 * counts for up to 6 s more (docs/adr/0014).
 */
export const joinDispatchers = (
  nats: Nats,
  log: Logger,
  { intervalMs = HEARTBEAT_INTERVAL_MS, presence }: MembershipOptions = {},
): Membership => {
  const id = randomUUIDv7();
  const { connection } = nats;
  let others: Others = NO_OTHERS;
  let hearsNothing = false;

  const send = (message: MembershipMessage): void => {
    const headers = newHeaders(); // new each time: the client writes into it
    headers.set(READS_HEADER, READS_DELIVERIES);
    headers.set(KNOWS_HEADER, KNOWS_ENDPOINTS);
    headers.set(PRESENCE_HEADERS.process, processName());
    const { version, inFlight } = presence?.() ?? {};
    if (version !== undefined) headers.set(PRESENCE_HEADERS.version, version);
    if (inFlight !== undefined) headers.set(PRESENCE_HEADERS.inFlight, String(inFlight));
    connection.publish(presenceSubject(id), PRESENCE_TEXTS[message], { headers });
  };

  const subscription = connection.subscribe(ALL_PRESENCE, {
    callback: (error, received) => {
      // Without the permission each dispatcher counts itself alone, and only this line says so.
      if (error !== null) {
        hearsNothing = true;
        return log.error({ err: error }, "presence.deaf");
      }
      const other = parsePresenceSubject(received.subject);
      const message = messageIn(received.string());
      if (other === undefined || other === id || message === undefined) return;
      others = othersAfter(others, other, message);
      if (message === "join") send("heartbeat");
    },
  });

  const timer = setInterval(() => {
    // Without a connection no heartbeat arrives: that says nothing about the others.
    if (!nats.isConnected()) return;
    others = afterInterval(others);
    send("heartbeat");
  }, intervalMs);

  const due = dueForm(nats, log, JOIN_REPLIES_WITHIN_MS);
  let hasLeft = false;
  send("join");
  // Messages were missed meanwhile, the last one of this dispatcher perhaps as well.
  void onReconnected(nats, () => send(hasLeft ? "leave" : "join"));
  return {
    dispatchers: () => others.size + 1,
    counted: () => (hearsNothing || !nats.isConnected() ? undefined : others.size + 1),
    due,
    leave: () => {
      hasLeft = true;
      clearInterval(timer);
      subscription.unsubscribe();
      if (nats.isConnected()) send("leave");
    },
  };
};
