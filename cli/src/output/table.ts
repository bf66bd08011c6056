import { printable } from "./printable.ts";

/** A column of a table. */
export type Column<Row> = {
  readonly heading: string;
  readonly cell: (row: Row) => string;
  /** May be shortened where the table is wider than the terminal. */
  readonly shrinks?: boolean;
  /** Left out on a terminal: it has no room. */
  readonly onlyWide?: boolean;
  /** Puts colours around a padded cell. */
  readonly paint?: (row: Row, text: string) => string;
};

const GAP = "  ";
/** What is left of a shortened cell at least, its `…` included. */
const SHORTEST = 7;

/**
 * Lines of a table with aligned columns. Where it is wider than `width`, the widest of the columns that may shrink
 * loses first; a shortened cell ends in `…`. Colours take no width.
 */
export const tableOf = <Row>(
  all: readonly Column<Row>[],
  rows: readonly Row[],
  width: number,
): string[] => {
  const columns = all.filter(({ onlyWide }) => onlyWide !== true || !Number.isFinite(width));
  const cells = rows.map((row) => columns.map(({ cell }) => printable(cell(row))));
  const natural = columns.map(({ heading }, n) =>
    Math.max(heading.length, ...cells.map((line) => line[n]?.length ?? 0)),
  );
  const widths = fitting(columns, natural, width);
  const lineOf = (texts: readonly string[], paint: (n: number, text: string) => string): string =>
    texts
      .map((text, n) => {
        const shown = shortened(text, widths[n] ?? 0);
        const isLast = n === texts.length - 1;
        return paint(n, shown) + (isLast ? "" : " ".repeat((widths[n] ?? 0) - shown.length));
      })
      .join(GAP)
      .trimEnd();
  const headings = columns.map(({ heading }) => heading);
  return [
    lineOf(headings, (_, text) => text),
    ...rows.map((row, r) =>
      lineOf(cells[r] ?? [], (n, text) => columns[n]?.paint?.(row, text) ?? text),
    ),
  ];
};

const fitting = (
  columns: readonly Column<never>[],
  natural: readonly number[],
  width: number,
): number[] => {
  const widths = [...natural];
  const total = (): number => widths.reduce((sum, one) => sum + one + GAP.length, -GAP.length);
  const widest = (): number =>
    widths.reduce((best, one, n) => {
      if (columns[n]?.shrinks !== true || one <= SHORTEST) return best;
      return best === -1 || one > (widths[best] ?? 0) ? n : best;
    }, -1);
  for (let at = widest(); total() > width && at !== -1; at = widest()) {
    widths[at] = (widths[at] ?? 0) - 1;
  }
  return widths;
};

/** Cut to so many characters, the last of them `…`. */
const shortened = (text: string, width: number): string =>
  text.length <= width ? text : `${text.slice(0, width - 1)}…`;

/** A line with a name and a value; the values of all such lines begin in one column. */
export const fact = (name: string, text: string): string => `${name.padEnd(12)} ${text}`;
