import type { FilterSubject } from "@ringback/contracts/filters/match-filter";
import { parseExact } from "@ringback/contracts/json/exact-json";
import type { StoredEvent } from "../events/stored-event.ts";

/** A stored event as filters see it. What nobody understands has no payload. */
export const subjectOfEvent = (event: StoredEvent): FilterSubject => ({
  event_type: event.eventType,
  agent_id: event.agentId,
  call_id: event.callId,
  stored_at: new Date(event.storedAtMs).toISOString(),
  data: parseExact(event.body),
});

/** An event that is not stored: what names it stands beside its payload, or in it. */
export type SketchedEvent = {
  readonly data: Readonly<Record<string, unknown>>;
  readonly event_type?: string | undefined;
  readonly agent_id?: string | undefined;
  readonly call_id?: string | undefined;
  /** In ms since 1970. */
  readonly stored_at?: number | undefined;
};

/** An event that might be stored, as filters would see it; it is stored now unless it says otherwise. */
export const subjectOfSketch = (event: SketchedEvent, nowMs: number): FilterSubject => ({
  event_type: event.event_type ?? textIn(event.data, "event_type"),
  agent_id: event.agent_id ?? textIn(event.data, "agent_id"),
  call_id: event.call_id ?? textIn(event.data, "call_id"),
  stored_at: new Date(event.stored_at ?? nowMs).toISOString(),
  data: event.data,
});

const textIn = (data: Readonly<Record<string, unknown>>, name: string): string | undefined => {
  const value = Object.hasOwn(data, name) ? data[name] : undefined;
  return typeof value === "string" ? value : undefined;
};
