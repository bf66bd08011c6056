import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parse, stringify } from "yaml";
import { makeTempDir } from "../harness/temp-dir.ts";

/** A sample as promtool takes it: a number, `_` for none, `stale` for a scrape that failed. */
type Sample = number | "_" | "stale";

type Labels = Readonly<Record<string, string>>;

interface AlertTests {
  readonly rule_files: readonly string[];
  readonly tests: readonly {
    readonly input_series: readonly { readonly series: string; readonly values: string }[];
    readonly alert_rule_test: readonly {
      readonly alertname: string;
      readonly eval_time: string;
      readonly exp_alerts?: readonly { readonly exp_labels: Labels }[] | "";
    }[];
  }[];
}

/** Of so many scrapes one fails, as its process starts again: its counters begin at zero. */
const EVERY = 7;

const COUNTS = /_(total|count|sum|bucket)$/;

/** The samples of promtool's short form: `1x3`, `0+2x5`, `_x4`, `stale`. */
export const samplesOf = (values: string): readonly Sample[] =>
  values
    .trim()
    .split(/\s+/)
    .flatMap((part): readonly Sample[] => {
      const [, first = "", step = "0", times = "0"] =
        /^(-?[\d.]+|_)([+-][\d.]+)?(?:x(\d+))?$/.exec(part) ?? [];
      if (part === "stale") return ["stale"];
      if (first === "") throw new Error(`'${part}' of '${values}' is no sample`);
      // Of `_` there are as many as it says, of a number one more.
      if (first === "_") return Array.from({ length: Math.max(1, Number(times)) }, () => "_");
      return Array.from(
        { length: Number(times) + 1 },
        (_, n) => Math.round((Number(first) + n * Number(step)) * 1e6) / 1e6,
      );
    });

/** The same with scrapes that fail, and the process that starts again each time. */
export const withRestarts = (series: string, samples: readonly Sample[]): readonly Sample[] => {
  const metric = /^\w+/.exec(series)?.[0] ?? "";
  let begunAt = 0;
  return samples.map((sample, n) => {
    if (sample === "_" || sample === "stale") return sample;
    const isFailed = n % EVERY === EVERY - 1;
    if (metric === "up") return isFailed ? 0 : sample;
    if (!COUNTS.test(metric)) return isFailed ? "stale" : sample;
    if (isFailed) begunAt = sample;
    return isFailed ? "stale" : Math.max(0, sample - begunAt);
  });
};

/**
 * A file of `promtool test rules` with the same checks as this one, while one scrape of seven fails and each process
 * starts again. What is checked is who fires: numbers in texts follow the counters.
 */
export const withOutages = async (path: string): Promise<string> => {
  const {
    tests,
    rule_files: ruleFiles,
    ...others
  } = parse(readFileSync(path, "utf8"), {
    schema: "failsafe",
  }) as AlertTests;
  const changed = tests.map(({ input_series: series, alert_rule_test: checks, ...rest }) => ({
    ...rest,
    input_series: series.map((one) => ({
      series: one.series,
      values: withRestarts(one.series, samplesOf(one.values)).join(" "),
    })),
    promql_expr_test: checks.map(({ alertname, eval_time, exp_alerts: expected }) => ({
      expr: `count by (${LABELS.join(", ")}) (ALERTS{alertname="${alertname}", alertstate="firing"})`,
      eval_time,
      exp_samples: (expected === undefined || expected === "" ? [] : expected).map(
        ({ exp_labels: labels }) => ({ labels: textOf({ ...labels, alertname }), value: 1 }),
      ),
    })),
  }));
  const file = join(await makeTempDir("outages"), "tests.yaml");
  const rules = ruleFiles.map((rule) => join(dirname(path), rule));
  await writeFile(
    file,
    stringify({ ...others, rule_files: rules, tests: changed }, { lineWidth: 0 }),
  );
  return file;
};

const LABELS = [
  "alertname",
  "namespace",
  "severity",
  "instance",
  "workspace_id",
  "stream",
  "reason",
  "server_id",
];

const textOf = (labels: Labels): string =>
  `{${LABELS.filter((name) => labels[name] !== undefined)
    .map((name) => `${name}="${labels[name]}"`)
    .join(", ")}}`;
