/** A text in a value that cannot be stored, and its path. */
export type TextProblem = { readonly path: readonly string[]; readonly message: string };

/**
 * The first `max` texts of a JSON value, including keys, that other parsers would read differently: NUL ends a text
 * for some, and half of a surrogate pair has no UTF-8 (RFC 8259 section 8.2). For values of a bounded depth.
 */
export const textProblems = (value: unknown, max: number): TextProblem[] => {
  const problems: TextProblem[] = [];
  const path: string[] = [];
  const look = (text: string, verb: string): void => {
    const what = unusableIn(text);
    if (what !== undefined) problems.push({ path: [...path], message: `${verb} ${what}` });
  };
  const walk = (one: unknown): void => {
    if (typeof one === "string") return look(one, "holds");
    if (typeof one !== "object" || one === null) return;
    // Not `Object.entries` of a list: for 120,000 numbers that took most of the time.
    if (Array.isArray(one)) {
      for (let n = 0; n < one.length && problems.length < max; n += 1) {
        const inner: unknown = one[n];
        if (typeof inner !== "string" && typeof inner !== "object") continue;
        path.push(String(n));
        walk(inner);
        path.pop();
      }
      return;
    }
    for (const [key, inner] of Object.entries(one)) {
      if (problems.length >= max) return;
      path.push(key);
      look(key, "is a name with");
      walk(inner);
      path.pop();
    }
  };
  walk(value);
  return problems.slice(0, max);
};

const unusableIn = (text: string): string | undefined => {
  if (text.includes("\0")) return "the character NUL (U+0000)";
  return text.isWellFormed() ? undefined : "half of a surrogate pair: not Unicode text";
};
