import { readFile } from "node:fs/promises";
import {
  CALL_STATUSES,
  CALL_TYPES,
  EVENT_FIELDS,
  type FieldKind,
} from "@ringback/contracts/events/event-fields";
import { EVENT_TYPES, type BuiltInEventType } from "@ringback/contracts/events/event-types";
import { abridged } from "./abridged-json.ts";
import {
  FIELD_MEANINGS,
  ROUTING_FIELDS,
  TYPE_MEANINGS,
} from "@ringback/contracts/events/event-meanings";

const EXAMPLES = new URL("../../libs/contracts/examples/", import.meta.url);

/** A heading, a table of fields and a sample for each built-in event type, as Markdown. */
export const eventTypeSections = async (): Promise<string> => {
  const sections = await Promise.all(EVENT_TYPES.map(sectionOf));
  return sections.join("\n\n");
};

const sectionOf = async (type: BuiltInEventType): Promise<string> => {
  const sample = await readFile(new URL(`${type}.json`, EXAMPLES), "utf8");
  const file = `../libs/contracts/examples/${type}.json`;
  return [
    `### \`${type}\`\n`,
    `${TYPE_MEANINGS[type]} [The whole sample](${file}).\n`,
    "| Field | Value | What it is |",
    "| --- | --- | --- |",
    ...rowsOf(type),
    "\n```json",
    abridged(sample),
    "```",
  ].join("\n");
};

const rowsOf = (type: BuiltInEventType): string[] => {
  const fields: Readonly<Record<string, FieldKind>> = EVENT_FIELDS[type];
  const known = Object.entries(fields).map(([name, kind]) => ({
    name,
    value: VALUES[kind],
    meaning: FIELD_MEANINGS[name as keyof typeof FIELD_MEANINGS],
  }));
  const routing = ROUTING_FIELDS.map((field) => ({ ...field, value: "text" }));
  return [...routing, ...known].map(
    ({ name, value, meaning }) => `| \`${name}\` | ${value} | ${meaning} |`,
  );
};

const words = (texts: readonly string[]): string => texts.map((text) => `\`${text}\``).join(", ");

const VALUES: Readonly<Record<FieldKind, string>> = {
  text: "text",
  amount: "number, or number as text",
  count: "whole number, or as text",
  object: "object",
  anything: "any JSON",
  list: "list",
  time: "ISO 8601, or unix time in s or ms",
  call_status: `text: ${words(CALL_STATUSES)}, or another`,
  call_type: `text: ${words(CALL_TYPES)}, or another`,
  transcript: "list of objects, or text",
};
