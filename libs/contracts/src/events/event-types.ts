import { z } from "zod";
import { EVENT_FIELDS, FIELD_SCHEMAS, type FieldKind } from "./event-fields.ts";

/** Event types that Ringback has built in; others are added by a workspace or by the operator. */
export const EVENT_TYPES = Object.keys(EVENT_FIELDS) as [BuiltInEventType, ...BuiltInEventType[]];

export type BuiltInEventType = keyof typeof EVENT_FIELDS;

/** The name of an event type, built in or added. */
export type EventType = string;

/** What an event type may be called: it becomes a token of subjects and a word in settings. */
const NAME_PATTERN = /^[a-z][a-z0-9_]{0,63}$/;

/** True for what can be the name of an event type, known or not. */
export const isEventTypeName = (text: string): boolean => NAME_PATTERN.test(text);

/** True when `text` names an event type of the built-in catalogue. */
export const isBuiltIn = (text: string): text is BuiltInEventType =>
  Object.hasOwn(EVENT_FIELDS, text);

/** Any name that an event type may have: which ones are known is asked elsewhere. */
export const eventTypeSchema = z
  .string()
  .regex(NAME_PATTERN, "must be 1 to 64 characters of a-z, 0-9 and _, and begin with a letter");

/** The label `event_type` of metrics: one for all added types together, so that series stay few. */
export const eventTypeLabel = (eventType: string): BuiltInEventType | "custom" | "unknown" => {
  if (isBuiltIn(eventType)) return eventType;
  return isEventTypeName(eventType) ? "custom" : "unknown";
};

/** Every value of the label `event_type` but `unknown`. */
export const EVENT_TYPE_LABELS = [...EVENT_TYPES, "custom"] as const;

/** Built-in types in the catalogue's order, then the others by name. */
export const byCatalogue = (a: EventType, b: EventType): number => {
  const [first, second] = [catalogueIndex(a), catalogueIndex(b)];
  if (first !== second) return first - second;
  return a < b ? -1 : a > b ? 1 : 0;
};

const catalogueIndex = (eventType: EventType): number =>
  isBuiltIn(eventType) ? EVENT_TYPES.indexOf(eventType) : EVENT_TYPES.length;

/**
 * What a payload of a built-in type looks like: for documents. It checks nothing that is delivered
 * (`readEvent` does, by what routes; `eventWarnings` tells of the rest).
 */
export const eventSchema = (eventType: BuiltInEventType) => {
  const fields: Readonly<Record<string, FieldKind>> = EVENT_FIELDS[eventType];
  return z.looseObject({
    event_type: z.literal(eventType),
    call_id: FIELD_SCHEMAS.call_id,
    agent_id: FIELD_SCHEMAS.id.nullish(),
    workspace_id: FIELD_SCHEMAS.id.nullish(),
    ...Object.fromEntries(
      Object.entries(fields).map(([name, kind]) => [name, FIELD_SCHEMAS[kind].nullish()]),
    ),
  });
};
