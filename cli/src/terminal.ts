import { styleText } from "node:util";

export type Terminal = {
  /** Writes a line of output to stdout. */
  readonly line: (text: string) => void;
  /** Writes a line for people to stderr. */
  readonly note: (text: string) => void;
  /** Overwrites the last progress line; only on a terminal. */
  readonly progress: (text: string) => void;
  readonly isJson: boolean;
  readonly style: (style: Style, text: string) => string;
};

export type Style = "green" | "red" | "yellow" | "dim" | "bold";

/** The process's terminal; colours only on a TTY. */
export const terminalOf = (
  { stdout, stderr }: Pick<NodeJS.Process, "stdout" | "stderr">,
  isJson: boolean,
): Terminal => {
  const seesProgress = stderr.isTTY && !isJson;
  let hasProgress = false;
  const clear = (): void => {
    if (hasProgress) stderr.write("\r\u001B[K");
    hasProgress = false;
  };
  return {
    isJson,
    line: (text) => {
      clear();
      stdout.write(`${text}\n`);
    },
    note: (text) => {
      clear();
      stderr.write(`${text}\n`);
    },
    progress: (text) => {
      if (!seesProgress) return;
      clear();
      stderr.write(text);
      hasProgress = true;
    },
    style: (style, text) =>
      stdout.isTTY && !isJson ? styleText(style, text, { stream: stdout }) : text,
  };
};

/** Lines of a table with aligned columns. */
export const table = (
  heading: readonly string[],
  rows: readonly (readonly string[])[],
): string[] => {
  const widths = heading.map((name, n) =>
    Math.max(name.length, ...rows.map((row) => (row[n] ?? "").length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, n) => cell.padEnd(widths[n] ?? 0))
      .join("  ")
      .trimEnd();
  return [line(heading), ...rows.map(line)];
};

/** Replaces control characters: callers and endpoints could move the cursor with them. */
export const printable = (text: string): string => text.replaceAll(/[^\P{C}\u200D]/gu, "\uFFFD");
