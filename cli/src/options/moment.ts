import { parseDurationMs } from "@ringback/contracts/duration";
import { usageError } from "../cli-error.ts";

/** Converts an option such as `2026-03-01T09:00:00Z`, or `90m` (ago), to RFC 3339. */
export const momentIn = (option: string, text: string, nowMs: number): string => {
  const agoMs = parseDurationMs(text);
  const ms = agoMs === undefined ? timeIn(text) : nowMs - agoMs;
  if (ms !== undefined && Math.abs(ms) <= 8.64e15) return new Date(ms).toISOString();
  throw usageError(`${option} is '${text}': expected 2026-03-01T09:00:00Z, or 90m, 2h, 7d ago`);
};

/** `Date.parse` alone accepts many other forms, in this machine's time zone. */
const timeIn = (text: string): number | undefined => {
  if (!/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/.test(text))
    return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
};
