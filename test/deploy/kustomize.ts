import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { parse } from "yaml";
import { failureOf, runCommand } from "../../scripts/command.ts";
import { makeTempDir } from "../harness/temp-dir.ts";

/** An object as it would be sent to the API server. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** What somebody installs: an overlay with some of the components. */
export interface Installation {
  readonly name: string;
  readonly overlay: string;
  readonly components: readonly string[];
  readonly objects: readonly KubernetesObject[];
}

const K8S = resolve(import.meta.dirname, "../../deploy/k8s");

const OVERLAYS = ["dev", "prod"] as const;

/** Each may be there or not; of the autoscalers one at most. */
const OPTIONAL = ["monitoring", "nack", "network-policy", "ingress"] as const;
const AUTOSCALERS = [undefined, "keda", "keda-jetstream"] as const;

/** Jobs: what is run once, or every night. */
const JOBS = ["reencrypt", "backup", "backup-pushgateway"].map((job) => `../jobs/${job}`);

/** Components that change what others have made, with those that they change. */
const MORE: readonly Wanted[] = [
  { overlay: "dev", components: ["network-policy", "ipv6"] },
  { overlay: "prod", components: ["index-volume"] },
  { overlay: "prod", components: ["network-policy", "network-policy-sign-in"] },
  { overlay: "prod", components: ["network-policy", "monitoring", ...JOBS] },
  {
    overlay: "prod",
    components: [...OPTIONAL, "network-policy-sign-in", "keda", "index-volume", "ipv6"],
  },
];

interface Wanted {
  readonly overlay: string;
  readonly components: readonly string[];
}

/** The program and its first argument that build a kustomization, or why there is none. */
export async function findKustomize(): Promise<
  | { readonly kind: "found"; readonly command: readonly [string, string] }
  | { readonly kind: "absent"; readonly reason: string }
> {
  const reasons: string[] = [];
  for (const [program, verb, version] of [
    ["kustomize", "build", ["version"]],
    ["kubectl", "kustomize", ["version", "--client"]],
  ] as const) {
    const said = await runCommand(program, version, { timeoutMs: 10_000 });
    const major =
      said.kind === "exited" ? /(?:Kustomize Version: |^)v(\d+)\./m.exec(said.stdout) : null;
    if (Number(major?.[1]) >= 5) return { kind: "found", command: [program, verb] };
    reasons.push(`${program}: ${said.kind === "exited" ? "not of version 5" : "is not there"}`);
  }
  return { kind: "absent", reason: reasons.join(", ") };
}

/** The objects of a kustomization. */
export async function build(
  command: readonly [string, string],
  directory: string,
): Promise<KubernetesObject[]> {
  return (await textsOf(command, directory)).map(parsed);
}

/**
 * Every overlay with every set of components, each built as somebody's own kustomization would be. In
 * one run, which takes half the CPU of a run for each: every installation has a namespace of its own
 * there, and by that its objects are told from the others'.
 */
export async function buildAll(command: readonly [string, string]): Promise<Installation[]> {
  const root = await makeTempDir("kustomize");
  const everySet = OVERLAYS.flatMap((overlay) =>
    AUTOSCALERS.flatMap((autoscaler) =>
      subsets(OPTIONAL).map((optional) => ({
        overlay,
        components: [...optional, ...(autoscaler === undefined ? [] : [autoscaler])],
      })),
    ),
  );
  const wanted: readonly Wanted[] = [...everySet, ...MORE];
  await Promise.all(wanted.map((one, n) => writeOwn(join(root, nameOf(n)), nameOf(n), one)));
  const resources = wanted.map((_, n) => nameOf(n));
  await writeFile(join(root, "kustomization.yaml"), JSON.stringify({ resources }));
  const texts = Object.groupBy(
    await textsOf(command, root),
    (text) => OWN_NAME.exec(text)?.[1] ?? "",
  );
  return wanted.map(({ overlay, components }, n) => ({
    name: [overlay, ...components].join("+"),
    overlay,
    components,
    objects: (texts[nameOf(n)] ?? []).map((text) =>
      parsed(text.replace(OWN_NAME, "  $2: ringback")),
    ),
  }));
}

const nameOf = (n: number): string => `installation-${n}`;

/** The namespace of an object, or the name of the Namespace itself. */
const OWN_NAME = /^ {2}(?=(?:namespace|name): (installation-\d+)$)(namespace|name): \S+$/m;

async function writeOwn(
  directory: string,
  namespace: string,
  { overlay, components }: Wanted,
): Promise<void> {
  await mkdir(directory);
  const at = (path: string): string => relative(directory, join(K8S, path));
  const kustomization = {
    namespace,
    resources: [at(`overlays/${overlay}`)],
    components: components.map((component) => at(`components/${component}`)),
  };
  await writeFile(join(directory, "kustomization.yaml"), JSON.stringify(kustomization));
}

async function textsOf(
  [program, verb]: readonly [string, string],
  directory: string,
): Promise<string[]> {
  const output = join(await makeTempDir("built"), "objects.yaml");
  const args = [verb, directory, "--output", output];
  const built = await runCommand(program, args, { timeoutMs: 120_000 });
  if (built.kind === "not_run" || built.code !== 0) {
    throw new Error(`${program} ${verb} ${directory}: ${failureOf(built)}`);
  }
  return (await readFile(output, "utf8")).split(/^---$/m);
}

/** Most objects are the same in most installations: each text is read once. */
const known = new Map<string, KubernetesObject>();

function parsed(text: string): KubernetesObject {
  const object = known.get(text) ?? (parse(text, { maxAliasCount: 0 }) as KubernetesObject);
  known.set(text, object);
  return object;
}

const subsets = <T>(of: readonly T[]): T[][] =>
  of.reduce<T[][]>((sets, one) => [...sets, ...sets.map((set) => [...set, one])], [[]]);
