import { z } from "zod";
import { callIdSchema } from "./call-id.ts";
import { EVENT_FIELDS, FIELD_SCHEMAS, type FieldKind } from "./event-fields.ts";
import { idSchema } from "../id.ts";

/** Built-in event types; workspaces and the operator add others. */
export const EVENT_TYPES = Object.keys(EVENT_FIELDS) as [BuiltInEventType, ...BuiltInEventType[]];

export type BuiltInEventType = keyof typeof EVENT_FIELDS;

/** The name of an event type, built in or added. */
export type EventType = string;

/** The form of an event type's name: it becomes a token of subjects and a word in settings. */
const NAME_PATTERN = /^[a-z][a-z0-9_]{0,63}$/;

/** True for a valid name of an event type, known or not. */
export const isEventTypeName = (text: string): boolean => NAME_PATTERN.test(text);

export const isBuiltIn = (text: string): text is BuiltInEventType =>
  Object.hasOwn(EVENT_FIELDS, text);

/** Any valid name: `checkEvent` decides which ones are known. */
export const eventTypeSchema = z
  .string()
  .regex(NAME_PATTERN, "must be 1 to 64 characters of a-z, 0-9 and _, and begin with a letter");

/** The label `event_type` of metrics: the same for all added types, so that series stay few. */
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
 * The JSON Schema of a built-in type's payload, for documents only: `readEvent` checks the fields that route, and
 * `eventWarnings` the others.
 */
export const eventSchema = (eventType: BuiltInEventType) => {
  const fields: Readonly<Record<string, FieldKind>> = EVENT_FIELDS[eventType];
  return z.looseObject({
    event_type: z.literal(eventType),
    call_id: callIdSchema,
    agent_id: idSchema.nullish(),
    workspace_id: idSchema.nullish(),
    ...Object.fromEntries(
      Object.entries(fields).map(([name, kind]) => [name, FIELD_SCHEMAS[kind].nullish()]),
    ),
  });
};
