import type { paths } from "../../api/schema.gen.ts";
import { parseExact } from "../../format/exact-json.ts";

type StoredEvent =
  paths["/events"]["get"]["responses"][200]["content"]["application/json"]["events"][number];

/** The event that a filter is tried on: one that is stored, or one that somebody types. */
export type TriedEvent =
  | {
      readonly kind: "stored";
      readonly event: Pick<StoredEvent, "event_id" | "event_type" | "agent_id" | "call_id">;
    }
  | {
      readonly kind: "typed";
      readonly eventType: string;
      readonly agentId: string;
      readonly payload: string;
    };

export const TYPED_EVENT: TriedEvent = {
  kind: "typed",
  eventType: "call_completed",
  agentId: "",
  payload: '{\n  "status": "completed",\n  "call_duration": 61\n}',
};

/** The body of `POST /filters/test`. Throws a SyntaxError where a text is no JSON. */
export const filterTestOf = (filter: string, tried: TriedEvent): Record<string, unknown> => {
  const conditions = { filter: parseExact(filter) };
  if (tried.kind === "stored") return { ...conditions, event_id: tried.event.event_id };
  return {
    ...conditions,
    data: parseExact(tried.payload),
    ...(tried.eventType === "" ? {} : { event_type: tried.eventType }),
    ...(tried.agentId === "" ? {} : { agent_id: tried.agentId }),
  };
};

/** The body of `POST /endpoints/match`; filters are tested where the payload is known. */
export const matchOf = (
  tried: TriedEvent,
  payload: string | undefined,
): Record<string, unknown> => {
  const { event_type, agent_id } =
    tried.kind === "stored"
      ? tried.event
      : { event_type: tried.eventType, agent_id: tried.agentId };
  const data = payload === undefined ? undefined : parseExact(payload);
  const isObject = typeof data === "object" && data !== null && !Array.isArray(data);
  return { event_type, agent_id, ...(isObject ? { data } : {}) };
};

/** A request's body; undefined while a text in it is no JSON, as half of what somebody types is. */
export const unlessNoJson = <Body>(make: () => Body): Body | undefined => {
  try {
    return make();
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};
