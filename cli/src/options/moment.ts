import { parseMomentMs } from "@ringback/contracts/moment";
import { usageError } from "../cli-error.ts";

/** Converts an option such as `2026-03-01T09:00:00Z`, `2026-03-01`, or `90m` (ago), to RFC 3339. */
export const momentIn = (option: string, text: string, nowMs: number): string => {
  const ms = parseMomentMs(text, nowMs);
  if (ms !== undefined) return new Date(ms).toISOString();
  throw usageError(`${option} is '${text}': expected 2026-03-01T09:00:00Z, or 90m, 2h, 7d ago`);
};
