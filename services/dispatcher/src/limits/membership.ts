import { randomUUIDv7 } from "node:crypto";
import { headers as newHeaders } from "@nats-io/nats-core";
import {
  ALL_PRESENCE,
  parsePresenceSubject,
  presenceSubject,
  READS_DELIVERIES,
  READS_HEADER,
} from "@ringback/contracts/streams/presence-subject";
import { dueForm, type DueForm } from "@ringback/runtime/streams/due-form";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import type { Nats } from "@ringback/runtime/nats/connection";
import {
  afterTurn,
  heard,
  NOBODY,
  wordIn,
  type Others,
  type PresenceWord,
} from "./decide/membership.ts";

export type Presence = {
  /** How many dispatchers there are, this one included; at least 1. */
  readonly dispatchers: () => number;
  /** Where retries come in so that all of them can read them. */
  readonly due: Pick<DueForm, "subjectOf">;
  /** Tells the others that this one begins nothing more, and says nothing from then on. */
  readonly leave: () => void;
};

/** Long beside a lost message, short beside what a dispatcher's death costs: its share lies idle for 6 s. */
export const TURN_MS = 2_000;

/** Every dispatcher answers a hello at once. */
const HELLO_ANSWERED_WITHIN_MS = 500;

/**
 * Counts the dispatchers that are there, by what each says on core NATS. A new one is known at once, one
 * that stops too; one that dies counts for up to 6 s more (docs/adr/0014).
 */
export const joinDispatchers = (nats: Nats, log: Logger, turnMs = TURN_MS): Presence => {
  const id = randomUUIDv7();
  const { connection } = nats;
  let others: Others = NOBODY;

  const say = (word: PresenceWord): void => {
    const headers = newHeaders(); // made anew each time: the client writes into it
    headers.set(READS_HEADER, READS_DELIVERIES);
    connection.publish(presenceSubject(id), word, { headers });
  };

  const subscription = connection.subscribe(ALL_PRESENCE, {
    callback: (error, message) => {
      // Without the permission each dispatcher believes that it is alone, and says so nowhere else.
      if (error !== null) return log.error({ err: error }, "presence.deaf");
      const other = parsePresenceSubject(message.subject);
      const word = wordIn(message.string());
      if (other === undefined || other === id || word === undefined) return;
      others = heard(others, other, word);
      if (word === "hello") say("here");
    },
  });

  const timer = setInterval(() => {
    // Nobody is heard without a connection: that says nothing about them.
    if (!nats.isConnected()) return;
    others = afterTurn(others);
    say("here");
  }, turnMs);

  const due = dueForm(nats, log, HELLO_ANSWERED_WITHIN_MS);
  say("hello");
  void sayHelloAgain(nats, () => say("hello"));
  return {
    dispatchers: () => others.size + 1,
    due,
    leave: () => {
      clearInterval(timer);
      if (!nats.isConnected()) return;
      subscription.unsubscribe();
      say("gone");
    },
  };
};

/** After every new connection: what was said meanwhile was not heard. Ends when the connection does. */
const sayHelloAgain = async ({ connection }: Nats, hello: () => void): Promise<void> => {
  for await (const { type } of connection.status()) if (type === "reconnect") hello();
};
