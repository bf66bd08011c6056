import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";
import { exportMemoryLimits } from "./memory-limits.ts";

import {
  asksForOpenMetrics,
  OPENMETRICS_TYPE,
  openMetricsPage,
  type Exemplar,
} from "./openmetrics.ts";

/** All values of each label. */
type LabelSets<Name extends string> = Readonly<Record<Name, readonly string[]>>;

/** The metrics of one process; no other file knows the client library. */
export type Metrics = {
  readonly counter: <Name extends string = never>(
    name: string,
    help: string,
    labels?: LabelSets<Name>,
  ) => Counter<Name>;
  /** `collect` returns undefined for what cannot be known now: then there is no series. */
  readonly gauge: (name: string, help: string, collect?: () => number | undefined) => Gauge;
  /** One series for each value of a label, collected when the page is read. */
  readonly gaugeBy: <Name extends string>(
    name: string,
    help: string,
    label: Name,
    collect: () => ReadonlyMap<string, number>,
  ) => Gauge<Name>;
  readonly histogram: <Name extends string = never>(
    name: string,
    help: string,
    bucketsSeconds: readonly number[],
    labels?: LabelSets<Name>,
  ) => Histogram<Name>;
  /** A histogram whose buckets keep the trace of one observation each, shown where a page is OpenMetrics. */
  readonly tracedHistogram: (
    name: string,
    help: string,
    bucketsSeconds: readonly number[],
  ) => TracedHistogram;
  /** The page that Prometheus reads; in the format that `accept` asks for. */
  readonly page: (
    accept?: string,
  ) => Promise<{ readonly contentType: string; readonly text: string }>;
};

type TracedHistogram = {
  readonly observe: (seconds: number, traceId?: string) => void;
};

/** Gauges of prom-client with the name of a counter; for each there is one without `_total`. */
const MISNAMED = ["handles", "requests", "resources"].map((what) => `nodejs_active_${what}_total`);

/**
 * A registry with the process's own metrics. Series start at zero, so that rates are right from the first scrape, and a
 * missing series means a fault.
 */
export const createMetrics = (
  version: string,
  constrainedMemory?: () => number | undefined,
): Metrics => {
  const registry = new Registry();
  const registers = [registry];
  const exemplars = new Map<string, ReadonlyMap<string, Exemplar>>();
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  new Gauge({
    name: "ringback_build_info",
    help: "Constant 1; labels tell what runs",
    labelNames: ["version", "node"],
    registers,
  }).set({ version, node: process.version }, 1);
  const metrics: Metrics = {
    counter: (name, help, labels) => {
      const counter = new Counter({ name, help, labelNames: namesOf(labels), registers });
      for (const set of combinations(labels)) counter.inc(set, 0);
      return counter;
    },
    ...gaugesIn(registers),
    histogram: (name, help, bucketsSeconds, labels) => {
      const buckets = [...bucketsSeconds];
      const histogram = new Histogram({
        name,
        help,
        buckets,
        labelNames: namesOf(labels),
        registers,
      });
      for (const set of combinations(labels)) histogram.zero(set);
      return histogram;
    },
    tracedHistogram: (name, help, bucketsSeconds) => {
      const kept = new Map<string, Exemplar>();
      exemplars.set(name, kept);
      const buckets = [...bucketsSeconds];
      return traced(new Histogram({ name, help, buckets, registers }), buckets, kept);
    },
    page: async (accept) =>
      asksForOpenMetrics(accept)
        ? { contentType: OPENMETRICS_TYPE, text: await openMetricsPage(registry, exemplars) }
        : { contentType: registry.contentType, text: await registry.metrics() },
  };
  exportMemoryLimits(metrics.gauge, constrainedMemory);
  return metrics;
};

/** The client library keeps exemplars only where a registry writes nothing but OpenMetrics. */
const gaugesIn = (registers: Registry[]): Pick<Metrics, "gauge" | "gaugeBy"> => ({
  gauge: (name, help, collect) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        if (collect === undefined) return;
        const found = collect();
        if (found === undefined) this.remove();
        else this.set(found);
      },
    }),
  gaugeBy: (name, help, label, collect) =>
    new Gauge({
      name,
      help,
      labelNames: [label],
      registers,
      collect() {
        this.reset();
        for (const [value, measured] of collect()) this.labels(value).set(measured);
      },
    }),
});

const traced = (
  histogram: Histogram,
  buckets: readonly number[],
  kept: Map<string, Exemplar>,
): TracedHistogram => ({
  observe: (value, traceId) => {
    histogram.observe(value);
    if (traceId === undefined) return;
    const bound = buckets.find((one) => value <= one);
    kept.set(String(bound ?? "+Inf"), { traceId, value, atSeconds: Date.now() / 1_000 });
  },
});

const namesOf = <Name extends string>(labels: LabelSets<Name> | undefined): Name[] =>
  labels === undefined ? [] : (Object.keys(labels) as Name[]);

/** Every combination of label values; none without labels, or when a label's values are not known beforehand. */
const combinations = <Name extends string>(
  labels: LabelSets<Name> | undefined,
): Partial<Record<Name, string>>[] =>
  labels === undefined
    ? []
    : namesOf(labels).reduce<Partial<Record<Name, string>>[]>(
        (sets, name) =>
          sets.flatMap((set) => labels[name].map((value) => ({ ...set, [name]: value }))),
        [{}],
      );
