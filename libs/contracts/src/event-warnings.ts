import { CALL_STATUSES, CALL_TYPES, EVENT_FIELDS, type FieldKind } from "./event-fields.ts";
import type { EventType } from "./event-types.ts";
import { isId } from "./id.ts";

/** A known field that has a value which readers do not expect. The event is delivered as it is. */
export type EventWarning = {
  /** Such as `call_duration` or `transcript.3`. */
  readonly path: string;
  readonly message: string;
};

/** Larger bodies are not looked at: nearly all of them is a transcript. */
export const MAX_WARNED_BYTES = 64 * 1024;

/** So many turns of a transcript are looked at. */
const MAX_TURNS = 200;

/**
 * What readers of an event of a built-in type would not expect in it: at most one warning a field, the
 * first fields of the catalogue first. Takes time in proportion to the catalogue's fields, not to the body.
 */
export const eventWarnings = (
  eventType: EventType,
  value: Readonly<Record<string, unknown>>,
): readonly EventWarning[] => {
  let warnings: EventWarning[] | undefined;
  for (const [path, kind] of FIELDS_OF.get(eventType) ?? []) {
    const found = value[path];
    if (found === undefined || found === null) continue;
    const warning = warningOf(path, kind, found);
    if (warning !== undefined) (warnings ??= []).push(warning);
  }
  return warnings ?? NONE;
};

const NONE: readonly EventWarning[] = [];

/** As lists: walking an object's entries would make new ones for every event. */
const FIELDS_OF: ReadonlyMap<string, ReadonlyArray<readonly [string, FieldKind]>> = new Map(
  Object.entries(EVENT_FIELDS).map(([type, fields]) => [type, Object.entries(fields)]),
);

const warningOf = (path: string, kind: FieldKind, value: unknown): EventWarning | undefined => {
  if (kind === "transcript") return transcriptWarning(path, value);
  if (isExpected(kind, value)) return undefined;
  return { path, message: `expected ${EXPECTED[kind]}, found ${foundText(value)}` };
};

const EXPECTED: Readonly<Record<FieldKind, string>> = {
  id: "an id",
  call_id: "an id",
  text: "text",
  amount: "a number that is not negative, or text",
  count: "a whole number that is not negative, or text",
  object: "an object",
  anything: "anything",
  list: "a list",
  time: "a time as text or number",
  call_status: `one of ${CALL_STATUSES.join(", ")}`,
  call_type: `one of ${CALL_TYPES.join(", ")}`,
  transcript: "a list of objects, or text",
};

const isExpected = (kind: FieldKind, value: unknown): boolean => {
  switch (kind) {
    case "id":
    case "call_id":
      return typeof value === "string" && isId(value);
    case "text":
      return typeof value === "string";
    case "amount":
      return typeof value === "number" ? value >= 0 : typeof value === "string";
    case "count":
      if (typeof value === "string") return true;
      return typeof value === "number" && Number.isInteger(value) && value >= 0;
    case "time":
      return typeof value === "string" || typeof value === "number";
    case "object":
      return isObject(value);
    case "list":
      return Array.isArray(value);
    case "call_status":
      return CALL_STATUSES.some((known) => known === value);
    case "call_type":
      return CALL_TYPES.some((known) => known === value);
    case "transcript":
    case "anything":
      return true;
    default:
      return kind satisfies never;
  }
};

const transcriptWarning = (path: string, value: unknown): EventWarning | undefined => {
  if (typeof value === "string") return undefined;
  if (!Array.isArray(value)) {
    return { path, message: `expected ${EXPECTED.transcript}, found ${foundText(value)}` };
  }
  const bad = value.slice(0, MAX_TURNS).findIndex((turn) => !isObject(turn));
  if (bad === -1) return undefined;
  const message = `expected an object, found ${foundText(value[bad])}`;
  return { path: `${path}.${bad}`, message };
};

const isObject = (value: unknown): boolean =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Of what kind a value is; never the value itself, which may be a person's. */
const foundText = (value: unknown): string => {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "an object";
  return typeof value === "boolean" ? "true or false" : `another ${NAMES[typeof value] ?? "value"}`;
};

const NAMES: Readonly<Record<string, string>> = { string: "text", number: "number" };
