/** `JSON.rawJSON` and the source of a number, where the browser has them (ES2026). */
const json = JSON as typeof JSON & { readonly rawJSON?: (text: string) => unknown };

type Reviver = (name: string, value: unknown, context?: { readonly source?: string }) => unknown;

/** Keeps a number as it is written, where JavaScript would write it in another way. */
const keep: Reviver = (_name, value, context) => {
  const source = context?.source;
  if (typeof value !== "number" || source === undefined || json.rawJSON === undefined) {
    return value;
  }
  return JSON.stringify(value) === source ? value : json.rawJSON(source);
};

/**
 * The value of a JSON text, in which `JSON.stringify` writes every number as it stood there, also beyond 2^53. Throws a
 * SyntaxError for what is no JSON.
 */
export const parseExact = (text: string): unknown =>
  JSON.parse(text, keep as Parameters<typeof JSON.parse>[1]);

/** A value with indents, its numbers as `parseExact` read them. */
export const exactText = (value: unknown): string => JSON.stringify(value, null, 2) ?? "";

/** Why a text is no JSON; undefined where it is, or is empty. */
export const jsonFault = (text: string): string | undefined => {
  if (text.trim() === "") return undefined;
  try {
    parseExact(text);
    return undefined;
  } catch (error) {
    return `This is no JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
};
