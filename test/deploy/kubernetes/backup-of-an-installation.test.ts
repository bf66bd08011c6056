import { writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { makeTempDir } from "../../harness/temp-dir.ts";
import { build, findKustomize } from "../kustomize.ts";
import { environmentOf, jobsIn } from "../workloads.ts";

const K8S = resolve(import.meta.dirname, "../../../deploy/k8s");
const kustomize = await findKustomize();
const skipped = kustomize.kind === "absent" ? ` (skipped: ${kustomize.reason})` : "";

describe.skipIf(kustomize.kind === "absent")(`the backup of an installation${skipped}`, () => {
  test("it tells the Pushgateway beside Prometheus, under the installation's own namespace", async () => {
    if (kustomize.kind === "absent") return;
    const own = await makeTempDir("own");
    const at = (path: string): string => relative(own, join(K8S, path));
    const patch = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "ringback-installation" },
      data: { "prometheus-namespace": "observing" },
    };
    const installation = await makeTempDir("installation");
    const component = {
      apiVersion: "kustomize.config.k8s.io/v1alpha1",
      kind: "Component",
      namespace: "acme-hooks",
      patches: [{ patch: JSON.stringify(patch) }],
    };
    await writeFile(join(installation, "kustomization.yaml"), JSON.stringify(component));
    const kustomization = {
      namespace: "acme-hooks",
      resources: [at("overlays/prod")],
      components: [
        relative(own, installation),
        at("components/network-policy"),
        at("jobs/backup"),
        at("jobs/backup-pushgateway"),
      ],
    };
    await writeFile(join(own, "kustomization.yaml"), JSON.stringify(kustomization));
    const objects = await build(kustomize.command, own);
    const [container] =
      jobsIn(objects).find(({ name }) => name === "ringback-backup")?.pod.containers ?? [];
    if (container === undefined) throw new Error("no backup");
    expect(environmentOf(container, objects)["BACKUP_PUSHGATEWAY_URL"]).toBe(
      "http://pushgateway.observing.svc:9091/metrics/job/ringback-backup/namespace/acme-hooks",
    );
  });
});
