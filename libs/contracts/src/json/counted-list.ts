import { z } from "zod";

/**
 * A list that is counted before any element is looked at, so that one that is far too long costs no more
 * than its length. `problem` says what is wrong with a list, or undefined.
 */
export const countedList = <T extends z.ZodType>(
  list: T,
  problem: (list: readonly unknown[]) => string | undefined,
) =>
  z.preprocess((value, context) => {
    const message = Array.isArray(value) ? problem(value) : undefined;
    if (message === undefined) return value;
    context.addIssue(message);
    return z.NEVER;
  }, list);
