import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, stringify } from "yaml";

/** The rule files that promtool tests, by name, so that the same files give the same text. */
const ruleFiles = async (directory: string): Promise<string[]> => filesIn(directory, ".yaml");

const filesIn = async (directory: string, ending: string): Promise<string[]> =>
  (await readdir(directory)).filter((name) => name.endsWith(ending)).toSorted();

/** All groups of the rule files in a directory; throws for a file that has none. */
const ruleGroups = async (directory: string): Promise<unknown[]> => {
  const groups: unknown[] = [];
  for (const name of await ruleFiles(directory)) {
    const file: unknown = parse(await readFile(join(directory, name), "utf8"));
    const isRules = typeof file === "object" && file !== null && "groups" in file;
    if (!isRules || !Array.isArray(file.groups)) {
      throw new Error(`${join(directory, name)}: has no list 'groups', expected a rule file`);
    }
    groups.push(...(file.groups as unknown[]));
  }
  return groups;
};

/** The text of deploy/k8s/components/monitoring/prometheus-rule.yaml. */
export const prometheusRuleYaml = async (directory: string): Promise<string> => {
  const rule = {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "PrometheusRule",
    metadata: { name: "ringback" },
    spec: { groups: await ruleGroups(directory) },
  };
  return `# Made by \`make k8s\` of deploy/monitoring/rules, which promtool tests; a test compares them.\n${stringify(rule, { lineWidth: 0 })}`;
};

/**
 * The text of a kustomization beside the dashboards that makes a ConfigMap of each, with the label
 * that Grafana's sidecar looks for. It stands there because kustomize reads no file outside its root.
 */
export const dashboardsKustomization = async (directory: string): Promise<string> => {
  const names = (await filesIn(directory, ".json")).map((file) => file.slice(0, -".json".length));
  const kustomization = {
    apiVersion: "kustomize.config.k8s.io/v1alpha1",
    kind: "Component",
    configMapGenerator: names.map((name) => ({
      name: name.startsWith("ringback-") ? name : `ringback-${name}`,
      files: [`${name}.json`],
      options: { disableNameSuffixHash: true, labels: { grafana_dashboard: "1" } },
    })),
  };
  return `# Made by \`make k8s\` of the dashboards beside it; a test compares them.\n${stringify(kustomization)}`;
};
