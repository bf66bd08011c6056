const MAX_ENTRIES = 2;
const MAX_FIELDS = 4;
const MAX_CHARACTERS = 60;

/** ES2026, and in Node.js from 22 on; TypeScript has no types of it yet. */
const { rawJSON, isRawJSON } = JSON as unknown as {
  rawJSON: (text: string) => object;
  isRawJSON: (value: unknown) => boolean;
};
type Reviver = (
  this: unknown,
  key: string,
  value: unknown,
  context: { source?: string },
) => unknown;

const keepNumbers: Reviver = (_, value, { source = "" }) =>
  typeof value === "number" ? rawJSON(source) : value;

/**
 * A JSON object's text, printed with short lists, texts and inner objects. Numbers stay as they are written:
 * some are larger than JavaScript can hold.
 */
export const abridged = (json: string): string => {
  const event = JSON.parse(json, keepNumbers as Parameters<typeof JSON.parse>[1]) as object;
  const fields = Object.entries(event).map(([name, value]) => [name, short(value)]);
  return JSON.stringify(Object.fromEntries(fields), null, 2);
};

const short = (value: unknown): unknown => {
  if (typeof value === "string") return shortText(value);
  if (Array.isArray(value)) return value.slice(0, MAX_ENTRIES).map(short);
  if (typeof value !== "object" || value === null || isRawJSON(value)) return value;
  const fields = Object.entries(value).slice(0, MAX_FIELDS);
  return Object.fromEntries(fields.map(([name, one]) => [name, short(one)]));
};

/** By characters as people count them: a Devanagari syllable is not cut. */
const shortText = (text: string): string => {
  const characters = [...new Intl.Segmenter().segment(text)].map(({ segment }) => segment);
  if (characters.length <= MAX_CHARACTERS) return text;
  return `${characters.slice(0, MAX_CHARACTERS).join("")}…`;
};
