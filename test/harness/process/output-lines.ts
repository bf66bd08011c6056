import type { Readable } from "node:stream";

/** One line of a service's log, as pino wrote it. */
export type LogLine = Record<string, unknown>;

export interface ProcessOutput {
  /** The lines of stdout that are JSON objects, parsed, in order. */
  readonly logs: LogLine[];
  /** All other lines of stdout. */
  readonly plain: string[];
  /** Everything on stderr so far. */
  stderr(): string;
  /** stdout and stderr as text, for the message of a failure. */
  all(): string;
}

/** Collects what a process writes, from now on. */
export function collectOutput(stdout: Readable, stderr: Readable): ProcessOutput {
  const logs: LogLine[] = [];
  const plain: string[] = [];
  const lines: string[] = [];
  let rest = "";
  let errors = "";
  stdout.setEncoding("utf8").on("data", (text: string) => {
    const parts = `${rest}${text}`.split("\n");
    rest = parts.pop() ?? "";
    for (const line of parts) take(line);
  });
  stdout.once("end", () => {
    if (rest !== "") take(rest);
    rest = "";
  });
  stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  const take = (line: string): void => {
    lines.push(line);
    const parsed = parseLogLine(line);
    if (parsed === null) plain.push(line);
    else logs.push(parsed);
  };
  const all = (): string =>
    `--- stdout\n${[...lines, rest].join("\n")}\n--- stderr\n${errors}`.trimEnd();
  return { logs, plain, stderr: () => errors, all };
}

function parseLogLine(line: string): LogLine | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as LogLine)
      : null;
  } catch {
    return null;
  }
}
