import { eventSequence } from "@ringback/contracts/events/event";
import { checkEvent, type EventRules } from "@ringback/contracts/events/event-check";
import type { SkipReason } from "@ringback/contracts/deliveries/redelivery-job";
import type { EventAddress } from "@ringback/contracts/streams/subjects";
import { isTestEvent } from "@ringback/contracts/events/test-event";
import { storedHeader } from "@ringback/runtime/nats/message-headers";
import type { Nats } from "@ringback/runtime/nats/connection";
import { shownText, type Problem } from "../http/problem.ts";
import { readEventMessage } from "../streams/read-stream.ts";

export type DeliverableEvent = { readonly seq: number; readonly address: EventAddress };

export type FoundEvent =
  | { readonly kind: "event"; readonly event: DeliverableEvent }
  | { readonly kind: "problem"; readonly problem: Problem };

export type DeliverableDeps = {
  readonly nats: Nats;
  readonly eventsCreatedMs: number;
  readonly rules: EventRules;
};

/** A workspace's event that can be delivered again, or why not. Of another's it says as of none. */
export const deliverableEvent = async (
  { nats, eventsCreatedMs, rules }: DeliverableDeps,
  workspaceId: string,
  eventId: string,
): Promise<FoundEvent> => {
  const seq = eventSequence(eventId, eventsCreatedMs);
  if (seq === undefined) return notFound(eventId);
  const stored = await readEventMessage(nats, seq);
  // A subject that is no event's may still be the workspace's, and is of no use to it.
  if (stored === null || stored.subject.split(".")[1] !== workspaceId) return notFound(eventId);
  const read = checkEvent(stored.subject, stored.data, rules);
  if (read.kind !== "event") {
    const detail = `Event ${eventId} cannot be delivered: ${read.message}.`;
    return problem({ code: "event_not_deliverable", detail });
  }
  if (isTestEvent((name) => storedHeader(stored, name))) {
    const detail = `Event ${eventId} was a test: send a new test event instead.`;
    return problem({ code: "event_not_deliverable", detail });
  }
  return { kind: "event", event: { seq, address: read.address } };
};

const problem = (what: Problem): FoundEvent => ({ kind: "problem", problem: what });

const notFound = (eventId: string): FoundEvent => {
  const detail = `There is no event ${shownText(eventId)} in this workspace, or EVENTS keeps it no more.`;
  return problem({ code: "event_not_found", detail });
};

/** Why a job does not send the event of this number again, or undefined; by the rule of all who take events. */
export const skipReasonOf = async (
  nats: Nats,
  seq: number,
  rules: EventRules,
): Promise<SkipReason | undefined> => {
  const stored = await readEventMessage(nats, seq);
  if (stored === null) return "expired";
  const { kind } = checkEvent(stored.subject, stored.data, rules);
  switch (kind) {
    case "event":
      return undefined;
    case "unknown_type":
      return "unknown_type";
    case "warned":
      return "refused_values";
    case "invalid":
      return "invalid_event";
    default:
      return kind satisfies never;
  }
};
