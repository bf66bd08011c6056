import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { dashboardsKustomization, prometheusRuleYaml } from "./k8s/monitoring.ts";
import { nackYaml } from "./k8s/nack.ts";

const ROOT = join(import.meta.dirname, "..");

/** Files of deploy/ that are made of others, and what has to stand in them. */
export const generatedFiles = async (root: string = ROOT): Promise<ReadonlyMap<string, string>> => {
  const monitoring = join(root, "deploy/monitoring");
  const dashboards = join(monitoring, "dashboards");
  return new Map([
    ["deploy/k8s/components/nack/resources.yaml", nackYaml()],
    [
      "deploy/k8s/components/monitoring/prometheus-rule.yaml",
      await prometheusRuleYaml(join(monitoring, "rules")),
    ],
    ["deploy/monitoring/dashboards/kustomization.yaml", await dashboardsKustomization(dashboards)],
  ]);
};

if (import.meta.main) {
  for (const [path, text] of await generatedFiles()) {
    await writeFile(join(ROOT, path), text);
    console.log(path);
  }
}
