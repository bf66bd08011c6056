/** A text that is in a value and cannot be kept, and where. */
export type TextProblem = { readonly path: readonly string[]; readonly message: string };

/**
 * Every text of a JSON value, keys too, that another reader would take for something else: NUL ends a
 * text for some of them, and half of a surrogate pair cannot be written as UTF-8 (RFC 8259 section 8.2).
 * For values of a bounded depth.
 */
export const textProblems = (value: unknown, path: readonly string[] = []): TextProblem[] => {
  if (typeof value === "string") return problemsOf(value, path, "holds");
  if (typeof value !== "object" || value === null) return [];
  const isList = Array.isArray(value);
  return Object.entries(value).flatMap(([key, one]) => {
    const at = [...path, key];
    return [...(isList ? [] : problemsOf(key, at, "is a name with")), ...textProblems(one, at)];
  });
};

const problemsOf = (text: string, path: readonly string[], verb: string): TextProblem[] => {
  if (text.includes("\0")) return [{ path, message: `${verb} the character NUL (U+0000)` }];
  if (text.isWellFormed()) return [];
  return [{ path, message: `${verb} half of a surrogate pair: not Unicode text` }];
};
