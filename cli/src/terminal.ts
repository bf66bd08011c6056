import { styleText } from "node:util";

/** Where a command says what it has to say. */
export type Terminal = {
  /** One line of what was asked for. */
  readonly line: (text: string) => void;
  /** One line for the person only: it is no part of the output. */
  readonly note: (text: string) => void;
  /** A line that takes the place of the one before; only where somebody sees it. */
  readonly progress: (text: string) => void;
  readonly isJson: boolean;
  readonly style: (style: Style, text: string) => string;
};

export type Style = "green" | "red" | "yellow" | "dim" | "bold";

/** The process's own; colours only where they are seen. */
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

/** Rows below a heading, in columns. */
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

/** Without what would move the cursor or colour the rest: such texts come from callers and endpoints. */
export const printable = (text: string): string => text.replaceAll(/[^\P{C}\u200D]/gu, "\uFFFD");
