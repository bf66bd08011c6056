import { parseDurationMs } from "@ringback/contracts/duration";
import { z } from "zod";

/** A duration, parsed to milliseconds. */
export const durationSchema = z.string().transform((text, context) => {
  const durationMs = parseDurationMs(text);
  if (durationMs === undefined) {
    context.addIssue(`'${text}' is not a duration such as 500ms, 10s, 2m, 1h or 7d`);
    return z.NEVER;
  }
  return durationMs;
});

/**
 * A comma-separated list of durations, parsed to milliseconds. `none` is the empty list, as an empty setting counts
 * as not set.
 */
export const durationListSchema = z.string().transform((text, context) => {
  if (text.trim() === "none") return [];
  const parts = text.split(",").map((part) => part.trim());
  return parts.map((part) => {
    const durationMs = parseDurationMs(part);
    if (durationMs === undefined) {
      context.addIssue(`'${part}' in '${text}' is not a duration such as 5s, 2m or 1h`);
      return z.NEVER;
    }
    return durationMs;
  });
});
