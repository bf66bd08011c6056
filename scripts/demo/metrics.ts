import { EXPECTED_COUNTS, PLAN } from "./plan.ts";

export type MetricSample = {
  readonly name: string;
  /** As Prometheus writes it: name, labels and value. */
  readonly line: string;
  readonly value: number;
};

/** The samples in a page of `/metrics` (Prometheus' text format). */
export const metricSamples = (page: string): readonly MetricSample[] =>
  page.split("\n").flatMap((line) => {
    const match = /^([a-z_]+)(?:\{.*\})? (\S+)$/.exec(line);
    const [, name = "", value = ""] = match ?? [];
    return match === null ? [] : [{ name, line, value: Number(value) }];
  });

/** The sum over one metric's samples whose labels contain `label`, such as `result="delivered"`. */
export const metricSum = (samples: readonly MetricSample[], name: string, label = ""): number =>
  samples
    .filter((sample) => sample.name === name && sample.line.includes(label))
    .reduce((sum, { value }) => sum + value, 0);

const SHOWN = [
  "ringback_events_total",
  "ringback_attempts_total",
  "ringback_deliveries_total",
  "ringback_dead_letters_total",
  "ringback_retries_scheduled_total",
];

/** The few lines of the dispatcher's page that a person wants to see: what has been counted so far. */
export const shownMetrics = (samples: readonly MetricSample[]): readonly string[] =>
  SHOWN.flatMap((name) =>
    samples.filter((sample) => sample.name === name && sample.value > 0).map(({ line }) => line),
  );

/** Where the dispatcher's counters disagree with the plan; empty when they do not. */
export const metricProblems = (samples: readonly MetricSample[]): readonly string[] => {
  const { attempts, delivered, retries, deadLetters } = EXPECTED_COUNTS;
  const expected: ReadonlyArray<readonly [string, string, number]> = [
    ["ringback_events_total", 'result="accepted"', Object.keys(PLAN).length],
    ["ringback_attempts_total", "", attempts],
    ["ringback_deliveries_total", 'result="delivered"', delivered],
    ["ringback_deliveries_total", 'result="dead_lettered"', deadLetters],
    ["ringback_dead_letters_total", 'reason="exhausted"', deadLetters],
    ["ringback_dead_letters_total", "", deadLetters],
    ["ringback_retries_scheduled_total", "", retries],
  ];
  return expected.flatMap(([name, label, count]) => {
    const found = metricSum(samples, name, label);
    return found === count ? [] : [`metric ${name}{${label}} is ${found}; expected ${count}`];
  });
};
