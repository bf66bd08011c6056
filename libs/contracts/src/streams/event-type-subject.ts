import { isEventTypeName, type EventType } from "../events/event-types.ts";
import { isId } from "../id.ts";
import { token } from "./subjects.ts";

/** Takes the agent's token in a subject of SUBSCRIPTIONS that names an event type. */
const EVENT_TYPE_TOKEN = "_event_type";

/** One subject per event type that a workspace added; the last message holds its definition. */
export const eventTypeSubject = (workspaceId: string, eventType: EventType): string =>
  `subscriptions.${token(workspaceId)}.${EVENT_TYPE_TOKEN}.${token(eventType)}`;

/** True for a subject of SUBSCRIPTIONS that names an event type. */
export const isEventTypeSubject = (subject: string): boolean =>
  subject.split(".")[2] === EVENT_TYPE_TOKEN && subject.split(".").length === 4;

/** The event type in a subject of SUBSCRIPTIONS, or undefined. */
export const parseEventTypeSubject = (
  subject: string,
): { readonly workspaceId: string; readonly eventType: EventType } | undefined => {
  const [prefix, workspaceId, marker, eventType, ...rest] = subject.split(".");
  if (prefix !== "subscriptions" || marker !== EVENT_TYPE_TOKEN || rest.length > 0)
    return undefined;
  if (workspaceId === undefined || eventType === undefined) return undefined;
  return isId(workspaceId) && isEventTypeName(eventType) ? { workspaceId, eventType } : undefined;
};
