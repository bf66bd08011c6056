import type { Buffer } from "node:buffer";
import type { EventRules } from "@ringback/contracts/events/event-check";
import type { EventWarning } from "@ringback/contracts/events/event-warnings";
import type { TraceContext } from "@ringback/contracts/trace-context";
import type { OwnWarnings } from "../event-types/own-warnings.ts";
import { ingested, type Ingested } from "./publish-response.ts";
import { checkRequest, type CheckedEvent, type CheckedRequest } from "./check-request.ts";
import { withSecretIds, type EventStore, type Publisher } from "./store-events.ts";

export type IngestDeps = {
  readonly events: EventStore;
  /** When EVENTS was made, in ms since 1970: part of every event's id. */
  readonly eventsCreatedMs: number;
  readonly rules: EventRules;
  readonly ownWarnings: OwnWarnings;
};

/** What a producer sent. */
export type IngestRequest = {
  readonly workspaceId: string;
  readonly body: Buffer;
  readonly publisher: Publisher;
  readonly trace: TraceContext | undefined;
};

/** The events of a request are stored, all of them where all are right; else what is wrong. */
export const ingest = async (
  { workspaceId, body, publisher, trace }: IngestRequest,
  { events: store, eventsCreatedMs, rules, ownWarnings }: IngestDeps,
): Promise<Ingested | Exclude<CheckedRequest, { kind: "events" }>> => {
  const itemRules = { workspaceId, maxEventBytes: store.maxEventBytes(), events: rules };
  const checked = await checkRequest(body, itemRules);
  if (checked.kind !== "events") return checked;
  const messages = checked.events.map(({ event }) => event);
  const stored = await store.store(withSecretIds(publisher, messages), trace);
  const warnings = await allWarnings(workspaceId, checked.events, ownWarnings);
  const hasKey = publisher.idempotencyKey !== undefined;
  return ingested(stored, warnings, { eventsCreatedMs, hasKey });
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
