import { isEventTypeName, type EventType } from "../events/event-types.ts";
import { isWorkspaceEventType } from "../agents/workspace-agent.ts";

/** A name, `*`, or a name's beginning or end with one `*`: `call_*`, `*_completed`. */
const PATTERN = /^(?:\*|\*[a-z0-9_]{1,63}|[a-z][a-z0-9_]{0,62}\*)$/;

/** What an endpoint's `event_types` may hold, whether or not a type with such a name is known. */
export const isEventTypePattern = (text: string): boolean =>
  isEventTypeName(text) || PATTERN.test(text);

export const EVENT_TYPE_PATTERN_RULE =
  "must be the name of an event type, *, or part of a name with one * at its beginning or end, such as call_* or *_completed";

/**
 * Whether a pattern names an event type. A type of the workspace, such as `delivery_exhausted`, has to be named in
 * full: who asks for all events of calls does not ask for those.
 */
export const matchesEventType = (pattern: string, eventType: EventType): boolean => {
  if (!pattern.includes("*")) return pattern === eventType;
  if (isWorkspaceEventType(eventType)) return false;
  return pattern.startsWith("*")
    ? eventType.endsWith(pattern.slice(1))
    : eventType.startsWith(pattern.slice(0, -1));
};
