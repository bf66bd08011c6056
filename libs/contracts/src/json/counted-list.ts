import { z } from "zod";

/**
 * A list that is counted before its elements are checked, so that a far too long list is refused cheaply. `problem`
 * returns a list's problem, or undefined.
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
