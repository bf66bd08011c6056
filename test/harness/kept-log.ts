import pino, { type Logger } from "pino";

/** A logger of warnings and errors, or of all from another level on, and the lines that it has written, as JSON. */
export function keptLog(level = "warn"): {
  readonly log: Logger;
  readonly lines: readonly string[];
} {
  const lines: string[] = [];
  const write = (line: string): unknown => lines.push(line);
  return { log: pino({ level }, { write }), lines };
}
