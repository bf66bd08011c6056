import type { Buffer } from "node:buffer";
import type { TraceContext } from "@ringback/contracts/trace-context";
import { ingested, type Ingested } from "./ingest-answer.ts";
import { checkRequest, type CheckedRequest } from "./check-request.ts";
import { withSecretIds, type EventStore, type Publisher } from "./store-events.ts";

export type IngestDeps = {
  readonly events: EventStore;
  /** When EVENTS was made, in ms since 1970: part of every event's id. */
  readonly eventsCreatedMs: number;
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
  { events: store, eventsCreatedMs }: IngestDeps,
): Promise<Ingested | Exclude<CheckedRequest, { kind: "events" }>> => {
  const checked = await checkRequest(workspaceId, body, store.maxEventBytes());
  if (checked.kind !== "events") return checked;
  const events = withSecretIds(publisher, checked.events);
  return ingested(await store.store(events, trace), eventsCreatedMs);
};
