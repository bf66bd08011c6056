import type { Buffer } from "node:buffer";
import { eventId } from "@ringback/contracts/events/event";
import type { StreamOrigin } from "@ringback/contracts/streams/stream-origin";
import type { EventRules } from "@ringback/contracts/events/event-check";
import type { EventWarning } from "@ringback/contracts/events/event-warnings";
import type { TraceContext } from "@ringback/contracts/trace-context";
import type { OwnWarnings } from "../event-types/own-warnings.ts";
import type { Sight } from "../sight/decide/sight.ts";
import { checkRequest, type CheckedEvent } from "./check-request.ts";
import { z } from "zod";
import { warningSchema } from "./check-event.ts";
import { withSecretIds, type EventStore, type Publisher, type StoredItem } from "./store-events.ts";

export type PublishDeps = {
  readonly events: EventStore;
  /** When EVENTS was made, in ms since 1970: part of every event's id. */
  readonly eventsOrigin: StreamOrigin;
  readonly rules: EventRules;
  readonly ownWarnings: OwnWarnings;
};

/** What a producer sent. */
export type PublishRequest = Pick<Sight, "workspaceId" | "agents"> & {
  readonly body: Buffer;
  readonly publisher: Publisher;
  readonly trace: TraceContext | undefined;
};

/** An event that is stored, as its producer learns of it. */
export const publishedEventSchema = z.object({
  event_id: z.string(),
  duplicate: z.boolean().meta({
    description: "True when it was stored before, by its message id: nothing was stored now.",
  }),
  differs: z.boolean().optional().meta({
    description:
      "True when what was stored before under this message id is not the same, byte for byte.",
  }),
  warnings: z.array(warningSchema).optional().meta({
    description: "Known fields with values that readers do not expect: delivered as they are.",
  }),
});

type PublishedEvent = z.infer<typeof publishedEventSchema>;

export type PublishResult =
  | { readonly kind: "all"; readonly events: PublishedEvent[] }
  | {
      readonly kind: "partial";
      readonly code: "event_differs" | "events_full" | "unavailable";
      readonly detail: string;
      /** In the order of the request; null: not stored, or not confirmed as stored. */
      readonly events: (PublishedEvent | null)[];
    };

/** Stores the events of a request when all of them are valid; throws a RefusedError otherwise. */
export const publishEvents = async (
  { workspaceId, agents, body, publisher, trace }: PublishRequest,
  { events: store, eventsOrigin, rules, ownWarnings }: PublishDeps,
): Promise<PublishResult> => {
  const itemRules = { workspaceId, agents, maxEventBytes: store.maxEventBytes(), events: rules };
  const checked = await checkRequest(body, itemRules);
  const messages = checked.map(({ event }) => event);
  const stored = await store.store(withSecretIds(publisher, messages), trace);
  const warnings = await allWarnings(workspaceId, checked, ownWarnings);
  const hasKey = publisher.idempotencyKey !== undefined;
  return publishResult(stored, warnings, { eventsOrigin, hasKey });
};

const allWarnings = async (
  workspaceId: string,
  events: readonly CheckedEvent[],
  ownWarnings: OwnWarnings,
): Promise<ReadonlyArray<readonly EventWarning[]>> => {
  const typed = events.map(({ eventType, event }) => ({ eventType, body: event.body }));
  const own = await ownWarnings(workspaceId, typed);
  return events.map(({ warnings }, n) => [...warnings, ...(own[n] ?? [])]);
};

/** Which events of a request are stored, so that the producer can send the others again. */
const publishResult = (
  items: readonly StoredItem[],
  warnings: ReadonlyArray<readonly EventWarning[]>,
  { eventsOrigin, hasKey }: { readonly eventsOrigin: StreamOrigin; readonly hasKey: boolean },
): PublishResult => {
  const events = items.map((item, n) => publishedEvent(item, warnings[n] ?? [], eventsOrigin));
  if (hasKey && items.some((item) => item.kind === "stored" && item.differs)) {
    const detail =
      "This Idempotency-Key was used for another body within the last 10 minutes: send what is new with a key of its own. `events` says what is stored.";
    return { kind: "partial", code: "event_differs", detail, events };
  }
  const sure = events.filter((one) => one !== null);
  if (sure.length === events.length) return { kind: "all", events: sure };
  const isFull = items.some(({ kind }) => kind === "full");
  const why = isFull
    ? "There is no room for further events at the moment"
    : "Not every event could be confirmed as stored";
  const detail = `${why}: ${sure.length} of ${events.length} are stored. Send the same request again, within 10 minutes: what is stored is not stored twice.`;
  return { kind: "partial", code: isFull ? "events_full" : "unavailable", detail, events };
};

const publishedEvent = (
  item: StoredItem,
  warnings: readonly EventWarning[],
  eventsOrigin: StreamOrigin,
): PublishedEvent | null => {
  if (item.kind !== "stored") return null;
  return {
    event_id: eventId(eventsOrigin, item.seq),
    duplicate: item.duplicate,
    ...(item.differs ? { differs: true } : {}),
    ...(warnings.length === 0 ? {} : { warnings: [...warnings] }),
  };
};
