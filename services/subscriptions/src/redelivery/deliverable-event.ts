import type { StoredMsg } from "@nats-io/jetstream";
import { eventSequence } from "@ringback/contracts/events/event";
import { checkEvent, type EventRules } from "@ringback/contracts/events/event-check";
import { isTestEvent } from "@ringback/contracts/events/test-event";
import type { SkipReason } from "@ringback/contracts/deliveries/redelivery-job";
import type { EventAddress } from "@ringback/contracts/streams/subjects";
import { storedHeader } from "@ringback/runtime/nats/message-headers";
import type { Nats } from "@ringback/runtime/nats/connection";
import type { Rejected } from "../idempotency/decide-once.ts";
import { storedEvent } from "../events/stored-event.ts";
import type { Sight } from "../sight/decide/sight.ts";
import { readEventMessage } from "../streams/read-stream.ts";
import type { RedeliveryDeps, Rejection } from "./deps.ts";

export type DeliverableEvent = { readonly seq: number; readonly address: EventAddress };

/** An event that can be delivered again, or why not. One that is not seen is not found. */
export const deliverableEvent = async (
  sight: Sight,
  eventId: string,
  { nats, eventsOrigin, rules }: Pick<RedeliveryDeps, "nats" | "eventsOrigin" | "rules">,
): Promise<{ readonly kind: "event"; readonly event: DeliverableEvent } | Rejected<Rejection>> => {
  const seq = eventSequence(eventId, eventsOrigin);
  const stored = seq === undefined ? null : await readEventMessage(nats, seq);
  // A malformed subject may still be of the workspace; checkEvent rejects it.
  if (seq === undefined || stored === null || storedEvent(sight, stored) === undefined) {
    return rejected({ kind: "event_not_found" });
  }
  const read = checkEvent(stored.subject, stored.data, rules);
  if (read.kind !== "event") return rejected({ kind: "event_invalid", message: read.message });
  if (isTestEvent((name) => storedHeader(stored, name))) return rejected({ kind: "test_event" });
  return { kind: "event", event: { seq, address: read.address } };
};

export const rejected = (rejection: Rejection): Rejected<Rejection> => ({
  kind: "rejected",
  rejection,
});

/** An event that a job comes to, by the rules for publishing, or why it skips it. */
export const jobEvent = async (
  nats: Nats,
  seq: number,
  rules: EventRules,
): Promise<
  | { readonly kind: "event"; readonly stored: StoredMsg }
  | { readonly kind: "skip"; readonly reason: SkipReason }
> => {
  const stored = await readEventMessage(nats, seq);
  const reason =
    stored === null ? "expired" : SKIPPED[checkEvent(stored.subject, stored.data, rules).kind];
  return stored === null || reason !== undefined
    ? { kind: "skip", reason: reason ?? "expired" }
    : { kind: "event", stored };
};

const SKIPPED: Readonly<Record<ReturnType<typeof checkEvent>["kind"], SkipReason | undefined>> = {
  event: undefined,
  unknown_type: "unknown_type",
  warned: "refused_values",
  invalid: "invalid_event",
};
