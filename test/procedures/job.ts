import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { eventually } from "../harness/eventually.ts";
import { type ServiceProcess, spawnService } from "../harness/process/service-process.ts";
import { makeTempDir } from "../harness/temp-dir.ts";
import { build, findKustomize, type KubernetesObject } from "../deploy/kustomize.ts";
import { restrictedProblems } from "../deploy/policies/restricted.ts";
import { problemsOf } from "../deploy/schemas.ts";
import { type Container, environmentOf, jobsIn, type ScheduledJob } from "../deploy/workloads.ts";

/** A job as an installation has it: what it runs, with which variables and files. */
export interface RenderedJob extends ScheduledJob {
  readonly objects: readonly KubernetesObject[];
  readonly container: Container;
  readonly environment: Readonly<Record<string, string>>;
  /** All that is wrong with the installation's objects, by their schemas and the rules for pods. */
  readonly problems: readonly string[];
}

const K8S = resolve(import.meta.dirname, "../../deploy/k8s");

/** A production installation with these jobs (folders of deploy/k8s/jobs), and the one with this name. */
export async function renderJob(name: string, components: readonly string[]): Promise<RenderedJob> {
  const kustomize = await findKustomize();
  if (kustomize.kind === "absent") throw new Error(kustomize.reason);
  const own = await makeTempDir("own-overlay");
  const at = (path: string): string => relative(own, join(K8S, path));
  const kustomization = {
    namespace: "ringback",
    resources: [at("overlays/prod")],
    components: components.map((component) => at(component)),
  };
  await writeFile(join(own, "kustomization.yaml"), JSON.stringify(kustomization));
  const objects = await build(kustomize.command, own);
  const job = jobsIn(objects).find((one) => one.name === name);
  const [container, ...others] = job?.pod.containers ?? [];
  if (job === undefined || container === undefined || others.length > 0) {
    throw new Error(`${name}: expected a CronJob with one container`);
  }
  const problems = [...objects.flatMap(problemsOf), ...restrictedProblems({ objects })];
  return { ...job, objects, container, environment: environmentOf(container, objects), problems };
}

/** Text of the files that a job finds where its volumes are mounted, by their paths in the pod. */
export type PodFiles = Readonly<Record<string, string>>;

/**
 * Runs a job's own command with its own variables, as the image would (its entry point is Node.js, in the
 * sources' root). What is mounted in the pod lies in a folder here, and the variables name it there.
 */
export async function runJob(
  { container, environment }: RenderedJob,
  {
    files,
    env = {},
    root,
  }: { files: PodFiles; env?: Readonly<Record<string, string>>; root?: string },
): Promise<{ readonly code: number | null; readonly run: ServiceProcess; readonly root: string }> {
  const folder = root ?? (await makeTempDir("pod"));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text, { mode: 0o600 });
  }
  const mounts = (container.volumeMounts ?? []).map(({ mountPath }) => mountPath);
  const here = (value: string): string =>
    mounts.some((mount) => value === mount || value.startsWith(`${mount}/`))
      ? join(folder, value)
      : value;
  const rendered = Object.entries(environment).map(([name, value]) => [name, here(value)]);
  const [entry = "", ...args] = container.args ?? [];
  const run = await spawnService({
    entry,
    args: args.map(here),
    env: { ...Object.fromEntries(rendered), ALLOW_PLAINTEXT_HEADERS: "", ...env },
  });
  const { code } = await eventually(() => run.exited, { what: `${entry} ends`, timeoutMs: 60_000 });
  return { code, run, root: folder };
}
