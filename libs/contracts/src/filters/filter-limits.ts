/** What a filter may be. Its depth counts `{}` as 1; a condition is one comparison with a value or a list. */
export const FILTER_LIMITS = {
  /** Of its JSON without spaces, in UTF-8. */
  maxBytes: 8 * 1024,
  maxDepth: 10,
  maxConditions: 100,
  /** Of `$in`, `$nin`, `$and` and `$or`. */
  maxMembers: 100,
  /** Looking for a longer text may take the product of both lengths. */
  maxContainedCharacters: 100,
  /**
   * How much one evaluation does: a comparison of a value or an element is one step, and so are 32 characters that
   * `$contains` looks through. All steps together take about 10 ms.
   */
  maxSteps: 100_000,
} as const;
