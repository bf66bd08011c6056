import { z } from "zod";
import { parseDurationMs } from "./duration.ts";

/** A time of RFC 3339 with any offset; a day is its beginning in UTC. `Date.parse` accepts many other forms. */
const timeSchema = z.union([z.iso.datetime({ offset: true }), z.iso.date()]);

/** The latest time that a Date can hold, in ms since 1970. */
const MAX_MS = 8.64e15;

/**
 * The moment in ms since 1970 that a text names: a time of RFC 3339, a day (`2026-11-28`), or a duration before now
 * (`2h`, `90m`, `7d`). Undefined for anything else.
 */
export const parseMomentMs = (text: string, nowMs: number): number | undefined => {
  const agoMs = parseDurationMs(text);
  if (agoMs !== undefined) return nowMs - agoMs;
  return parseTimeMs(text);
};

/** The moment in ms since 1970 that a time of RFC 3339 or a day names. Undefined for anything else. */
export const parseTimeMs = (text: string): number | undefined => {
  const time = text.toUpperCase(); // RFC 3339 section 5.6: `t` and `z` may be lower case
  const ms = timeSchema.safeParse(time).success ? Date.parse(time) : Number.NaN;
  return Math.abs(ms) <= MAX_MS ? ms : undefined;
};
