import { STREAMS } from "@ringback/contracts/streams/subjects";
import type { DocumentedChannel, DocumentedHeader } from "./channel.ts";
import { ALL_RETRY_HEADERS, RETRY_HEADERS } from "./examples.ts";
import { SUBJECTS } from "./subjects.ts";
import { TRACE_HEADERS } from "./trace-headers.ts";

const RETRY_WORDS: Readonly<Record<string, DocumentedHeader>> = {
  "Ringback-Event-Seq": { description: "The event's sequence on EVENTS", isRequired: true },
  "Ringback-Attempt": { description: "The number of the attempt that is due", isRequired: true },
  "Ringback-Extra-Attempts": {
    description: "How many of its attempts, up to this one, take no place in the schedule",
  },
  "Ringback-Due": { description: "When it is due, RFC 3339", isRequired: true },
  "Ringback-Delivery-Id": { description: "The delivery", isRequired: true },
  "Ringback-Call-Id": { description: "The event's call", isRequired: true },
  "Ringback-Event-Type": { description: "The event's type", isRequired: true },
  "Ringback-Deferrals": { description: "How often it was put off without being made" },
  "Ringback-Waits-For": {
    description:
      "Of a schedule that waits for its turn in the order of a call: the sequence of the event that it waits for",
  },
  "Ringback-Held-Since": { description: "Since when a fault of the platform's own holds it back" },
  "Ringback-Deferred-For": { description: "Why it was deferred last" },
  "Ringback-Stored-At": { description: "Of a first attempt: when its event was stored, RFC 3339" },
  ...TRACE_HEADERS,
};

/** Every header that a retry may have, as contracts writes them: none is without words. */
const retryHeaders = (): Record<string, DocumentedHeader> =>
  Object.fromEntries(
    Object.keys(ALL_RETRY_HEADERS).map((name) => {
      const words = RETRY_WORDS[name];
      if (words === undefined) throw new Error(`scripts/asyncapi: no words for header ${name}`);
      return [name, words];
    }),
  );

export const SCHEDULED_RETRIES: DocumentedChannel = {
  name: "scheduledRetries",
  stream: STREAMS.retries,
  subject: SUBJECTS.scheduledRetries,
  title: "Retries that wait",
  description:
    "For insiders: one schedule for each delivery that waits; the server publishes it on `retries.due.…` when it is due. Only the dispatcher may publish here, and no consumer may see it.",
  messages: [
    {
      name: "ScheduledRetry",
      summary: "Which attempt of which delivery is made next, and when",
      headers: {
        ...retryHeaders(),
        "Nats-Schedule": { description: "`@at` and when it is due", isRequired: true },
        "Nats-Schedule-Target": { description: "Where it is published then", isRequired: true },
      },
      examples: [
        {
          name: "second attempt",
          headers: {
            ...RETRY_HEADERS,
            "Nats-Schedule": "@at 2026-03-02T10:17:51.207Z",
            "Nats-Schedule-Target": "retries.due.acme.agent-7.1041",
          },
        },
      ],
    },
  ],
  operations: [{ name: "sendRetry", action: "send", summary: "Schedule the next attempt" }],
};

export const DUE_RETRIES: DocumentedChannel = {
  name: "dueRetries",
  stream: STREAMS.retries,
  subject: SUBJECTS.dueRetries,
  title: "Retries that are due",
  description: "For insiders: what the server publishes of a schedule whose time has come.",
  messages: [
    {
      name: "DueRetry",
      summary: "Which attempt of which delivery is to be made now",
      headers: retryHeaders(),
      examples: [{ name: "second attempt", headers: RETRY_HEADERS }],
    },
  ],
  operations: [{ name: "receiveRetry", action: "receive", summary: "Make the next attempt" }],
};
