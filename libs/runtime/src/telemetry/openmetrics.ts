import type { Registry } from "prom-client";

/** A sample as the client library has it, with what its types leave out. */
type Sample = {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  /** Of a part of a histogram: `…_bucket`, `…_sum`, `…_count`. */
  readonly metricName?: string;
};

/** One observation of a bucket, and the trace that it is part of. */
export type Exemplar = {
  readonly traceId: string;
  readonly value: number;
  readonly atSeconds: number;
};

/** By the names of histograms, and by the upper bounds of their buckets. */
type Exemplars = ReadonlyMap<string, ReadonlyMap<string, Exemplar>>;

export const OPENMETRICS_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/** Whether an `Accept` asks for OpenMetrics, in the one version that is written here. */
export const asksForOpenMetrics = (accept: string | undefined): boolean =>
  (accept ?? "").split(",").some((range) => {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    if (type !== "application/openmetrics-text") return false;
    const version = parameters.find((one) => one.startsWith("version="));
    const isRefused = parameters.some((one) => /^q=0(\.0*)?$/.test(one));
    return !isRefused && (version === undefined || version === "version=1.0.0");
  });

/**
 * The page as OpenMetrics 1.0, with exemplars. Not by the client library: it writes one format for each registry, and
 * renames the registry's counters for good.
 */
export const openMetricsPage = async (
  registry: Registry,
  exemplars: Exemplars,
): Promise<string> => {
  const families = (await registry.getMetricsAsJSON()).map(({ name, help, type, values }) => {
    const kind = String(type);
    // The name of a counter's family is without the suffix that its samples have.
    const family = kind === "counter" ? name.replace(/_total$/, "") : name;
    const samples = (values as unknown as readonly Sample[]).map((sample) => {
      const own = kind === "counter" ? `${family}_total` : name;
      const { metricName = own, labels, value } = sample;
      const exemplar = exemplarOf(exemplars.get(name)?.get(String(labels["le"])));
      return `${metricName}${labelsOf(labels)} ${numberOf(value)}${exemplar}\n`;
    });
    return `# HELP ${family} ${escaped(help)}\n# TYPE ${family} ${kind}\n${samples.join("")}`;
  });
  return `${families.join("")}# EOF\n`;
};

const exemplarOf = (exemplar: Exemplar | undefined): string => {
  if (exemplar === undefined) return "";
  const { traceId, value, atSeconds } = exemplar;
  return ` # {trace_id="${traceId}"} ${value} ${atSeconds}`;
};

const labelsOf = (labels: Sample["labels"]): string => {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${escaped(String(value))}"`,
  );
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
};

const escaped = (text: string): string =>
  text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');

const numberOf = (value: number): string =>
  Number.isFinite(value) || Number.isNaN(value) ? String(value) : value > 0 ? "+Inf" : "-Inf";
