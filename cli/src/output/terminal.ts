import { styleText } from "node:util";
import { printableLines } from "./printable.ts";
import { tableOf, type Column } from "./table.ts";
import { timeForPeople, type ShowTime } from "./times.ts";

export type Terminal = {
  /** Writes a line of output to stdout. */
  readonly line: (text: string) => void;
  /** Writes bytes to stdout as they are. */
  readonly bytes: (bytes: Uint8Array) => void;
  /** Writes a line for people to stderr. */
  readonly note: (text: string) => void;
  /** Overwrites the last progress line; only on a terminal. */
  readonly progress: (text: string) => void;
  /** Writes a table to stdout, as wide as the terminal. */
  readonly table: <Row>(columns: readonly Column<Row>[], rows: readonly Row[]) => void;
  /** A time for people on a terminal; as it is where the output goes elsewhere. */
  readonly time: ShowTime;
  readonly isJson: boolean;
  /** Whether people see the output. */
  readonly isSeen: boolean;
  readonly style: (style: Style, text: string) => string;
};

export type Style = "green" | "red" | "yellow" | "dim" | "bold";

export type TerminalOptions = {
  readonly json?: boolean;
  /** Times in UTC. */
  readonly utc?: boolean;
  /** Tables are not shortened. */
  readonly wide?: boolean;
};

/** The part of a stream that is used; `columns` is the width of a terminal. */
export type OutputStream = {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly hasColors?: () => boolean;
  readonly write: (chunk: string | Uint8Array) => unknown;
};

type OutputStreams = { readonly stdout: OutputStream; readonly stderr: OutputStream };

/** Of a terminal that does not say its own. */
const DEFAULT_WIDTH = 100;

/** The command's output; colours, local times and shortened tables only on a terminal. */
export const terminalOf = (
  { stdout, stderr }: OutputStreams,
  { json: isJson = false, utc = false, wide = false }: TerminalOptions,
): Terminal => {
  const isSeen = stdout.isTTY === true && !isJson;
  const seesProgress = stderr.isTTY === true && !isJson;
  // Node.js asks the terminal and NO_COLOR.
  const hasColors = isSeen && stdout.hasColors?.() === true;
  let hasProgress = false;
  const clear = (): void => {
    if (hasProgress) stderr.write("\r\u001B[K");
    hasProgress = false;
  };
  const line = (text: string): void => {
    clear();
    // JSON stays as it is: programs read it.
    stdout.write(`${isJson ? text : printableLines(text, hasColors)}\n`);
  };
  const note = (text: string): void => {
    clear();
    stderr.write(`${printableLines(text, false)}\n`);
  };
  return {
    isJson,
    isSeen,
    line,
    note,
    bytes: (bytes) => {
      clear();
      stdout.write(bytes);
    },
    progress: (text) => {
      if (!seesProgress) return;
      clear();
      stderr.write(text);
      hasProgress = true;
    },
    table: (columns, rows) => {
      const width = isSeen && !wide ? (stdout.columns ?? DEFAULT_WIDTH) : Infinity;
      const lines = tableOf(columns, rows, width);
      for (const one of lines) line(one);
      if (Number.isFinite(width) && lines.some((one) => one.includes("…"))) {
        note("… stands for the rest: --wide shows all of it");
      }
    },
    time: isSeen ? timeForPeople(utc, Date.now()) : (at) => at,
    style: (style, text) => (hasColors ? styleText(style, text, { validateStream: false }) : text),
  };
};
