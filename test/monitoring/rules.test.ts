import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { DiscardPolicy } from "@nats-io/jetstream";
import { wantedStreams } from "@ringback/runtime/streams/stream-config";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import {
  alertNames,
  alerts,
  panelExpressions,
  recordingRules,
  ruleFiles,
  runbookExpressions,
  testFiles,
} from "./mixin.ts";
import { testsByAlert } from "./needed-rules.ts";
import { selectorsOf, withoutVariables } from "./promql.ts";
import { withOutages } from "./with-outages.ts";
import { orWhyNot, promtool, ruleFile, tools } from "./promtool.ts";

interface AlertTest {
  readonly name: string;
  readonly alert_rule_test: readonly {
    readonly alertname: string;
    readonly exp_alerts: readonly { readonly exp_labels: Readonly<Record<string, string>> }[];
  }[];
}

const tests: readonly AlertTest[] = testFiles.flatMap(
  (path) => (parse(readFileSync(path, "utf8")) as { tests: AlertTest[] }).tests,
);
const checks = tests.flatMap(({ alert_rule_test: each }) => each);

test("there are alerts about us, producers and customers, and about the service levels", () => {
  const faults = new Set(alerts.map(({ labels }) => labels?.["fault"] ?? ""));
  expect([...faults].toSorted()).toEqual(["customer", "platform", "producer"]);
  expect(alertNames.length).toBeGreaterThanOrEqual(20);
});

describe.each(
  alerts.map((rule) => [`${rule.alert} (${rule.labels?.["severity"]})`, rule] as const),
)("%s", (_title, { alert, expr, for: pending, labels, annotations }) => {
  test("waits, has a severity, says whose fault it is, and names its runbook", () => {
    expect(alert).toMatch(/^Ringback[A-Z]\w+$/);
    expect(pending).toMatch(/^\d+[mh]$/);
    expect(["critical", "warning", "info"]).toContain(labels?.["severity"]);
    const { summary = "", description = "", runbook_url: url = "" } = annotations ?? {};
    expect(Math.min(summary.length, description.length)).toBeGreaterThan(10);
    expect(url).toMatch(new RegExp(`^https?://\\S+/${alert}\\.md$`));
  });

  test("says which installation it is, and which pod where it is about one process", () => {
    const { summary = "", description = "" } = annotations ?? {};
    const isOfAll = expr.includes("absent(");
    expect(summary.includes("$labels.namespace")).toBe(!isOfAll);
    const isOfOne = /\$labels\.(instance|job)\b/.test(description);
    expect(isOfOne).toBe(description.includes("or $labels.pod $labels.instance"));
  });

  test("is tested firing and quiet", () => {
    const own = checks.filter(({ alertname }) => alertname === alert);
    const severity = labels?.["severity"];
    const fires = own.some(({ exp_alerts: expected }) =>
      expected.some(({ exp_labels: found }) => found["severity"] === severity),
    );
    const isQuiet = own.some(({ exp_alerts: expected }) => expected.length === 0);
    expect([fires, isQuiet]).toEqual([true, true]);
  });

  test("is PromQL", () => {
    expect(selectorsOf(expr).length).toBeGreaterThan(0);
  });
});

test("what is recorded is named level:metric:operation, once, and grouped by that level", () => {
  const names = recordingRules.map(({ record }) => record);
  expect(names.filter((name) => !/^[a-z]+(_[a-z]+)*:[a-z_]+:[a-z0-9_]+$/.test(name))).toEqual([]);
  expect(names.length).toBe(new Set(names).size);
  const levels = new Map([
    ["namespace", "namespace"],
    ["namespace_outcome", "namespace, outcome"],
    ["namespace_reason", "namespace, reason"],
    ["namespace_result", "namespace, result"],
    ["namespace_stream", "namespace, stream"],
    ["namespace_workspace", "namespace, workspace_id"],
    ["job_instance", "namespace, job, instance"],
  ]);
  const others = recordingRules.filter(({ record, expr }) => {
    const labels = levels.get(record.split(":")[0] ?? "");
    return labels === undefined || !expr.includes(`by (${labels}`);
  });
  expect(others.map(({ record }) => record)).toEqual([]);
});

test("everything that is recorded is used by an alert or a panel", () => {
  const readers = [...alerts, ...recordingRules, ...panelExpressions];
  const selectors = readers.flatMap(({ expr }) => selectorsOf(withoutVariables(expr)));
  const read = new Set(selectors.map(({ metric }) => metric));
  expect(recordingRules.filter(({ record }) => !read.has(record)).map((r) => r.record)).toEqual([]);
});

test("alerts about full streams leave out those that drop their oldest, and no others", () => {
  const size = 1_000;
  const limits = { EVENTS_MAX_BYTES: size, SUBSCRIPTIONS_MAX_BYTES: size, AUDIT_MAX_BYTES: size };
  const forgetting = { ATTEMPTS_MAX_BYTES: size, DEAD_LETTERS_MAX_BYTES: size };
  const ages = {
    EVENTS_MAX_AGE: 1,
    ATTEMPTS_MAX_AGE: 1,
    DEAD_LETTERS_MAX_AGE: 1,
    AUDIT_MAX_AGE: 1,
  };
  const streams = wantedStreams({ STREAM_REPLICAS: 1, ...limits, ...forgetting, ...ages });
  const dropping = streams
    .filter(({ discard, max_bytes: max = -1 }) => discard === DiscardPolicy.Old && max > 0)
    .map(({ name }) => name);
  const left = alerts.flatMap(({ expr }) =>
    [...expr.matchAll(/stream!~"([^"]+)"/g)].map(([, names = ""]) => names.split("|").toSorted()),
  );
  expect(left).toEqual(Array.from({ length: 4 }, () => dropping.toSorted()));
});

test("what is compared of two metrics of a process is compared within its namespace", () => {
  const joined = [...alerts, ...recordingRules, ...panelExpressions, ...runbookExpressions];
  const others = joined.filter(({ expr }) => /\bon \((?!namespace\b)/.test(expr));
  expect(others).toEqual([]);
});

test("every expression of a dashboard is PromQL", () => {
  for (const { expr } of panelExpressions) selectorsOf(withoutVariables(expr));
  expect(panelExpressions.length).toBeGreaterThan(40);
});

describe.skipIf(tools.kind === "absent")(`promtool${orWhyNot}`, () => {
  test("takes every rule file", async () => {
    const { code, said } = await promtool(["check", "rules", ...ruleFiles.map(({ path }) => path)]);
    expect([code, said]).toEqual([0, expect.not.stringMatching(/FAILED|duplicate/)]);
  });

  test.each(testFiles.map((path) => [basename(path), path] as const))(
    "finds the alerts firing and quiet as %s says",
    async (_name, path) => {
      const files = await testsByAlert(path);
      const { code, said } = await promtool(["test", "rules", ...files]);
      expect([code, said]).toEqual([0, expect.stringContaining("SUCCESS")]);
      expect(said.match(/SUCCESS/g)).toHaveLength(files.length);
    },
  );

  test.each(testFiles.map((path) => [basename(path), path] as const))(
    "finds the same of %s while scrapes fail and processes start again",
    async (_name, path) => {
      const files = await Promise.all((await testsByAlert(path)).map(withOutages));
      const { code, said } = await promtool(["test", "rules", ...files]);
      expect([code, said.slice(said.search(/FAILED|$/))]).toEqual([0, ""]);
    },
  );

  test("takes every expression of a dashboard", async () => {
    const rules = panelExpressions.map(({ expr }, n) => ({
      record: `panel_${n}`,
      expr: withoutVariables(expr),
    }));
    const { code, said } = await promtool([
      "check",
      "rules",
      await ruleFile([{ name: "p", rules }]),
    ]);
    expect([code, said]).toEqual([0, expect.stringContaining(`${rules.length} rules found`)]);
  });

  test("refuses what is no PromQL", async () => {
    const rules = [{ record: "broken", expr: "sum by (le" }];
    const { code } = await promtool(["check", "rules", await ruleFile([{ name: "b", rules }])]);
    expect(code).not.toBe(0);
  });
});
