import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";

export type { Counter, Gauge, Histogram } from "prom-client";

/** Every value that each label can take. */
export type LabelSets<Name extends string> = Readonly<Record<Name, readonly string[]>>;

/** The metrics of one process; only this module knows the client library. */
export type Metrics = {
  readonly counter: <Name extends string = never>(
    name: string,
    help: string,
    labels?: LabelSets<Name>,
  ) => Counter<Name>;
  readonly gauge: (name: string, help: string, collect?: () => number) => Gauge;
  /** A gauge for each combination of label values, looked up when they are read. */
  readonly gauges: <Name extends string>(
    name: string,
    help: string,
    labels: LabelSets<Name>,
    collect: (set: Partial<Record<Name, string>>) => number,
  ) => Gauge<Name>;
  readonly histogram: <Name extends string = never>(
    name: string,
    help: string,
    bucketsSeconds: readonly number[],
    labels?: LabelSets<Name>,
  ) => Histogram<Name>;
  /** The page that Prometheus reads. */
  readonly page: () => Promise<{ readonly contentType: string; readonly text: string }>;
};

/**
 * An empty registry with the process's own metrics. Series start at zero, so that a rate is right from
 * the first scrape and an alert on a missing series means something.
 */
export const createMetrics = (version: string): Metrics => {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: "ringback_build_info",
    help: "Constant 1; labels tell what runs",
    labelNames: ["version", "node"],
    registers,
  }).set({ version, node: process.version }, 1);
  return {
    counter: (name, help, labels) => {
      const counter = new Counter({ name, help, labelNames: namesOf(labels), registers });
      for (const set of combinations(labels)) counter.inc(set, 0);
      return counter;
    },
    gauge: (name, help, collect) =>
      new Gauge({
        name,
        help,
        registers,
        ...(collect === undefined
          ? {}
          : {
              collect() {
                this.set(collect());
              },
            }),
      }),
    gauges: (name, help, labels, collect) =>
      new Gauge({
        name,
        help,
        labelNames: namesOf(labels),
        registers,
        collect() {
          for (const set of combinations(labels)) this.set(set, collect(set));
        },
      }),
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
    page: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
};

const namesOf = <Name extends string>(labels: LabelSets<Name> | undefined): Name[] =>
  labels === undefined ? [] : (Object.keys(labels) as Name[]);

/** Every combination of label values; a label without values known beforehand gives none. */
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
