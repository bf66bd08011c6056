import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parse } from "yaml";
import { dashboardsKustomization, prometheusRuleYaml } from "./monitoring.ts";

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "monitoring-"));
});

afterEach(() => rm(directory, { recursive: true }));

const write = (name: string, text: string): Promise<void> => writeFile(join(directory, name), text);

test("a PrometheusRule has the groups of all rule files, by the names of the files", async () => {
  await write("b.yaml", "groups: [{ name: second, rules: [] }]");
  await write("a.yaml", "groups: [{ name: first, rules: [{ record: a:b:c, expr: 'x > 1' }] }]");
  await write("notes.txt", "no rules");
  expect(parse(await prometheusRuleYaml(directory))).toEqual({
    apiVersion: "monitoring.coreos.com/v1",
    kind: "PrometheusRule",
    metadata: { name: "ringback" },
    spec: {
      groups: [
        { name: "first", rules: [{ record: "a:b:c", expr: "x > 1" }] },
        { name: "second", rules: [] },
      ],
    },
  });
});

test("a long expression stays as it is written", async () => {
  const expr = `sum(rate(ringback_attempts_total{outcome="timeout"}[5m])) > ${"0.1 + ".repeat(40)}0`;
  await write("a.yaml", JSON.stringify({ groups: [{ name: "g", rules: [{ alert: "A", expr }] }] }));
  const rule = parse(await prometheusRuleYaml(directory)) as {
    spec: { groups: { rules: { expr: string }[] }[] };
  };
  expect(rule.spec.groups[0]?.rules[0]?.expr).toBe(expr);
});

test("a file that is no rule file is named", async () => {
  await write("a.yaml", "rules: []");
  await expect(prometheusRuleYaml(directory)).rejects.toThrow(
    /a\.yaml: has no list 'groups', expected a rule file/,
  );
});

test("each dashboard becomes a ConfigMap that Grafana's sidecar finds", async () => {
  await write("ringback-delivery.json", "{}");
  await write("other.json", "{}");
  await write("kustomization.yaml", "");
  const { configMapGenerator } = parse(await dashboardsKustomization(directory)) as {
    configMapGenerator: { name: string; files: string[]; options: object }[];
  };
  expect(configMapGenerator.map(({ name, files }) => [name, files])).toEqual([
    ["ringback-other", ["other.json"]],
    ["ringback-delivery", ["ringback-delivery.json"]],
  ]);
  for (const { options } of configMapGenerator) {
    expect(options).toMatchObject({ labels: { grafana_dashboard: "1" } });
  }
});
