import { eventSequence, readEvent } from "@ringback/contracts/event";
import { parseEventSubject, STREAMS, type EventAddress } from "@ringback/contracts/subjects";
import { isTestEvent } from "@ringback/contracts/test-event";
import { storedHeader } from "@ringback/runtime/message-headers";
import type { Nats } from "@ringback/runtime/nats";
import { readSequence } from "@ringback/runtime/publish";
import { shownText, type Problem } from "../problem.ts";
import { asked } from "./asking.ts";

export type DeliverableEvent = { readonly seq: number; readonly address: EventAddress };

export type FoundEvent =
  | { readonly kind: "event"; readonly event: DeliverableEvent }
  | { readonly kind: "problem"; readonly problem: Problem };

/** A workspace's event that can be delivered again, or why not. Of another's it says as of none. */
export const deliverableEvent = async (
  nats: Nats,
  eventsCreatedMs: number,
  workspaceId: string,
  eventId: string,
): Promise<FoundEvent> => {
  const seq = eventSequence(eventId, eventsCreatedMs);
  if (seq === undefined) return notFound(eventId);
  const stored = await asked(nats, `reading event ${seq}`, () =>
    readSequence(nats, STREAMS.events, seq),
  );
  // A subject that is no event's may still be the workspace's, and is of no use to it.
  if (stored === null || stored.subject.split(".")[1] !== workspaceId) return notFound(eventId);
  const subject = parseEventSubject(stored.subject);
  const read = readEvent(stored.subject, stored.data);
  const wrong = subject.kind === "invalid" ? subject : read.kind === "invalid" ? read : undefined;
  if (wrong !== undefined || subject.kind === "invalid") {
    const detail = `Event ${eventId} was not understood, so it cannot be delivered: ${wrong?.message ?? ""}.`;
    return problem({ code: "event_not_deliverable", detail });
  }
  if (isTestEvent((name) => storedHeader(stored, name))) {
    const detail = `Event ${eventId} was a test: send a new test event instead.`;
    return problem({ code: "event_not_deliverable", detail });
  }
  return { kind: "event", event: { seq, address: subject.address } };
};

const problem = (what: Problem): FoundEvent => ({ kind: "problem", problem: what });

const notFound = (eventId: string): FoundEvent => {
  const detail = `There is no event ${shownText(eventId)} in this workspace, or EVENTS keeps it no more.`;
  return problem({ code: "event_not_found", detail });
};
