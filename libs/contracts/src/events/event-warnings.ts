import { Buffer } from "node:buffer";
import { CALL_STATUSES, CALL_TYPES, EVENT_FIELDS, type FieldKind } from "./event-fields.ts";
import type { EventType } from "./event-types.ts";
import type { EventMembers } from "./event.ts";
import type { ScannedMember } from "../json/json-scan.ts";

/** An unexpected value in a known field. The event is delivered as it is. */
export type EventWarning = {
  /** Such as `call_duration` or `transcript.3`. */
  readonly path: string;
  readonly message: string;
};

/**
 * The unexpected values in an event of a built-in type: at most one warning a field, in the catalogue's order.
 * Reads only the first bytes of known fields, so it costs the same for every body.
 */
export const eventWarnings = (
  eventType: EventType,
  members: EventMembers,
  body: Uint8Array,
): readonly EventWarning[] => {
  let warnings: EventWarning[] | undefined;
  for (const [path, kind] of FIELDS_OF.get(eventType) ?? []) {
    const member = members.get(path);
    if (member === undefined) continue;
    const found = kindOf(body[member.start]);
    if (found === "null") continue;
    const message = problemOf(kind, found, member, body);
    if (message !== undefined)
      (warnings ??= []).push({ path: pathOf(path, kind, member), message });
  }
  return warnings ?? NONE;
};

const NONE: readonly EventWarning[] = [];

/** As lists: `Object.entries` would create new arrays for every event. */
const FIELDS_OF: ReadonlyMap<string, ReadonlyArray<readonly [string, FieldKind]>> = new Map(
  Object.entries(EVENT_FIELDS).map(([type, fields]) => [type, Object.entries(fields)]),
);

type JsonKind = "text" | "a number" | "an object" | "a list" | "null" | "true or false";

/** A JSON value's first byte determines its kind. */
const kindOf = (byte = 0): JsonKind => FIRST_BYTES.get(byte) ?? "a number";

const FIRST_BYTES: ReadonlyMap<number, JsonKind> = new Map([
  [0x22, "text"],
  [0x7b, "an object"],
  [0x5b, "a list"],
  [0x6e, "null"],
  [0x74, "true or false"],
  [0x66, "true or false"],
]);

const problemOf = (
  kind: FieldKind,
  found: JsonKind,
  member: ScannedMember,
  body: Uint8Array,
): string | undefined => {
  if (kind === "transcript" && found === "a list" && member.oddElement >= 0) {
    return "expected an object as every turn";
  }
  const { kinds, expected } = RULES[kind];
  if (!kinds.includes(found)) return `expected ${expected}, found ${found}`;
  if (isExpectedValue(kind, found, member, body)) return undefined;
  // Never the value: it may be a person's.
  return `expected ${expected}, found another ${found === "text" ? "text" : "number"}`;
};

const pathOf = (path: string, kind: FieldKind, { oddElement }: ScannedMember): string =>
  kind === "transcript" && oddElement >= 0 ? `${path}.${oddElement}` : path;

type FieldRule = { readonly kinds: readonly JsonKind[]; readonly expected: string };

/** The JSON kinds that a field's value may have, and what a warning says of them. */
const RULES: Readonly<Record<FieldKind, FieldRule>> = {
  text: { kinds: ["text"], expected: "text" },
  amount: { kinds: ["a number", "text"], expected: "a number that is not negative, or text" },
  count: { kinds: ["a number", "text"], expected: "a whole number that is not negative, or text" },
  time: { kinds: ["text", "a number"], expected: "a time as text or number" },
  object: { kinds: ["an object"], expected: "an object" },
  list: { kinds: ["a list"], expected: "a list" },
  anything: {
    kinds: ["text", "a number", "an object", "a list", "true or false"],
    expected: "anything",
  },
  call_status: { kinds: ["text"], expected: `one of ${CALL_STATUSES.join(", ")}` },
  call_type: { kinds: ["text"], expected: `one of ${CALL_TYPES.join(", ")}` },
  transcript: { kinds: ["a list", "text"], expected: "a list of objects, or text" },
};

/** No number and no known word is longer. */
const MAX_LOOKED_AT_BYTES = 64;

const isExpectedValue = (
  kind: FieldKind,
  found: JsonKind,
  { start, end }: ScannedMember,
  body: Uint8Array,
): boolean => {
  const isChecked =
    kind === "amount" || kind === "count" ? found === "a number" : WORDS_OF.has(kind);
  if (!isChecked) return true;
  if (end - start > MAX_LOOKED_AT_BYTES) return false;
  const value: unknown = JSON.parse(Buffer.from(body.subarray(start, end)).toString());
  if (typeof value === "string") return WORDS_OF.get(kind)?.has(value) === true;
  return typeof value === "number" && value >= 0 && (kind === "amount" || Number.isInteger(value));
};

const WORDS_OF: ReadonlyMap<FieldKind, ReadonlySet<string>> = new Map([
  ["call_status", new Set<string>(CALL_STATUSES)],
  ["call_type", new Set<string>(CALL_TYPES)],
]);
