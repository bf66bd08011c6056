import { verdictOf, type Figure, type Unit, type Wanted } from "./figures.ts";

const HEADINGS = ["scenario", "figure", "reached", "wanted", "ok?", "rounds"];

/** The figures of each scenario, one line each. */
export const figureTable = (
  scenarios: readonly { readonly scenario: string; readonly figures: readonly Figure[] }[],
): string => {
  const rows = scenarios.flatMap(({ scenario, figures }) =>
    figures.map((each) => [scenario, ...cellsOf(each)]),
  );
  const all = [HEADINGS, ...rows];
  const widths = HEADINGS.map((_, n) => Math.max(...all.map((row) => row[n]?.length ?? 0)));
  const lines = all.map((row) => row.map((cell, n) => cell.padEnd(widths[n] ?? 0)).join("  "));
  lines.splice(1, 0, widths.map((width) => "-".repeat(width)).join("  "));
  return lines.map((line) => line.trimEnd()).join("\n");
};

const cellsOf = (figure: Figure): string[] => {
  const { name, reached, rounds, unit, wanted } = figure;
  const each = rounds.length < 2 ? "" : rounds.map((value) => shown(value, "count")).join(" ");
  return [name, shown(reached, unit), wantedText(wanted, unit), verdictOf(figure), each];
};

const wantedText = (wanted: Wanted, unit: Unit): string => {
  switch (wanted.kind) {
    case "none":
      return "";
    case "at_least":
      return `>= ${shown(wanted.value, unit)}`;
    case "at_most":
      return `<= ${shown(wanted.value, unit)}`;
    default:
      return wanted satisfies never;
  }
};

const UNITS: Readonly<Record<Unit, string>> = {
  ratio: "",
  count: "",
  ms: " ms",
  s: " s",
  "per second": " /s",
  MiB: " MiB",
  bytes: " B",
  percent: " %",
};

/** A number with as many digits as a measurement of this kind deserves. */
export const shown = (value: number, unit: Unit): string => {
  if (!Number.isFinite(value)) return "?";
  const digits = Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : 2;
  return `${value.toFixed(digits)}${UNITS[unit]}`;
};
