interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface MetricsSnapshot {
  readonly series: readonly Series[];
  /**
   * The sum of the series of this exact name that carry all the given labels, or `null` when there
   * is none: 0 and "not exported" differ.
   */
  value(name: string, labels?: Readonly<Record<string, string>>): number | null;
}

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;
const ESCAPES: Readonly<Record<string, string>> = { "\\n": "\n", '\\"': '"', "\\\\": "\\" };

/** Reads the Prometheus text format (version 0.0.4); comments and time stamps are left out. */
export function parseMetrics(text: string): MetricsSnapshot {
  const series = text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map(parseSample);
  return { series, value: (name, labels = {}) => sumOf(series, name, labels) };
}

function parseSample(line: string): Series {
  const [, name, labelText = "", number] = SAMPLE.exec(line) ?? [];
  if (name === undefined || number === undefined) {
    throw new Error(`/metrics: '${line}' is not a sample of the Prometheus text format`);
  }
  const labels = [...labelText.matchAll(LABEL)].map(([, key = "", value = ""]) => [
    key,
    value.replaceAll(/\\[n"\\]/g, (escape) => ESCAPES[escape] ?? escape),
  ]);
  return { name, labels: Object.fromEntries(labels), value: parseNumber(number) };
}

function parseNumber(text: string): number {
  const infinite = /^([+-]?)Inf$/.exec(text);
  if (infinite === null) return Number(text);
  return infinite[1] === "-" ? -Infinity : Infinity;
}

function sumOf(
  series: readonly Series[],
  name: string,
  labels: Readonly<Record<string, string>>,
): number | null {
  const wanted = Object.entries(labels);
  const found = series.filter(
    (one) => one.name === name && wanted.every(([key, value]) => one.labels[key] === value),
  );
  return found.length === 0 ? null : found.reduce((sum, { value }) => sum + value, 0);
}
