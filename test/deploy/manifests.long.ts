import { beforeAll, describe, expect, test } from "vitest";
import {
  build,
  buildAll,
  findKustomize,
  type Installation,
  type KubernetesObject,
} from "./kustomize.ts";
import { problemsOf } from "./schemas.ts";
import { availabilityProblems, graceProblems, replicaProblems } from "./policies/availability.ts";
import { environmentProblems, secretFiles } from "./policies/environment.ts";
import { imageProblems } from "./policies/images.ts";
import { egressProblems, networkPolicyProblems } from "./policies/network.ts";
import { restrictedProblems } from "./policies/restricted.ts";
import { labelProblems } from "./policies/labels.ts";
import { storageProblems } from "./policies/storage.ts";
import { wiringProblems } from "./policies/wiring.ts";
import { nackProblems } from "./policies/nack.ts";
import { SERVICES, workloadsIn } from "./workloads.ts";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

const kustomize = await findKustomize();
const skipped =
  kustomize.kind === "absent" ? ` (skipped: no kustomize 5: ${kustomize.reason})` : "";
const K8S = resolve(import.meta.dirname, "../../deploy/k8s");

/** A rule about objects as one about installations. */
const ofObjects =
  (rule: (objects: readonly KubernetesObject[]) => readonly string[]) =>
  ({ objects }: Installation) =>
    rule(objects);

const hasService = (objects: readonly KubernetesObject[], service: string): boolean =>
  workloadsIn(objects).some(({ name }) => name === `ringback-${service}`);

const objectOf = ({ objects }: Installation, kind: string): KubernetesObject => {
  const object = objects.find((one) => one.kind === kind);
  if (object === undefined) throw new Error(`no ${kind}`);
  return structuredClone(object);
};

/** What is found in an installation's object of a kind when its spec has these fields too. */
const withSpec = (installation: Installation, kind: string, more: object) => {
  const object = objectOf(installation, kind);
  return problemsOf({ ...object, spec: { ...(object["spec"] as object), ...more } });
};

describe.skipIf(kustomize.kind === "absent")(`what is installed on Kubernetes${skipped}`, () => {
  let all: readonly Installation[] = [];
  let example: Installation;

  beforeAll(async () => {
    if (kustomize.kind === "absent") return;
    const objects = await build(kustomize.command, `${K8S}/example`);
    const components = ["monitoring", "network-policy", "network-policy-sign-in", "ingress"];
    example = { name: "example", overlay: "prod", components, objects };
    all = [...(await buildAll(kustomize.command)), example];
  });

  /** What a rule finds in every installation, each finding once. */
  const found = (rule: (installation: Installation) => readonly string[]): string[] => [
    ...new Set(all.flatMap((one) => rule(one).map((problem) => `${one.name}: ${problem}`))),
  ];

  test("there is every overlay with every set of components, and each has both services", () => {
    expect(all).toHaveLength(2 * 3 * 2 ** 4 + 5 + 1);
    expect(found(({ objects }) => SERVICES.filter((one) => !hasService(objects, one)))).toEqual([]);
  });

  test("every object is as its schema says, and has no field that its schema does not know", () => {
    const distinct = new Map(
      all.flatMap(({ objects }) => objects.map((object) => [JSON.stringify(object), object])),
    );
    const problems = [...distinct.values()].flatMap((object) =>
      problemsOf(object).map((problem) => `${object.kind} ${object.metadata.name}: ${problem}`),
    );
    expect(distinct.size).toBeGreaterThan(20);
    expect(problems).toEqual([]);
  });

  test("a field that is misspelt, of another type or missing is found", () => {
    expect(withSpec(example, "Deployment", { replica: 3 })).toEqual([
      "/spec/replica: unknown to V1DeploymentSpec",
    ]);
    expect(withSpec(example, "Deployment", { replicas: "3" }).join()).toContain("must be integer");
    expect(withSpec(example, "PodMonitor", { podMetricsEndpoint: [] })).toEqual([
      "/spec/podMetricsEndpoint: unknown",
    ]);
    const scaled = all.find(({ components }) => components.includes("keda"));
    if (scaled === undefined) throw new Error("none has keda");
    expect(withSpec(scaled, "ScaledObject", { scaleTargetRef: {} }).join()).toContain("name");
    expect(withSpec(example, "NetworkPolicy", { policyType: ["Egress"] })).toHaveLength(1);
  });

  test("everything is in one namespace, which is not among it", () => {
    expect(
      found(({ objects }) =>
        objects
          .filter(({ metadata }) => metadata.namespace !== "ringback")
          .map(
            ({ kind, metadata }) => `${kind} ${metadata.name} is in '${metadata.namespace ?? ""}'`,
          ),
      ),
    ).toEqual([]);
  });

  test("pods keep the restricted standard, write nothing, and have no token for the API server", () => {
    expect(found(restrictedProblems)).toEqual([]);
  });

  test("probes, Services, budgets, spreads, policies, monitors and scalers name what is there", () => {
    expect(found(wiringProblems)).toEqual([]);
  });

  test("every variable is a setting of its service, and its service starts with them", () => {
    expect(found(ofObjects(environmentProblems))).toEqual([]);
  });

  test("docs/operations.md makes every Secret with every file that a setting names", () => {
    const text = readFileSync(resolve(K8S, "../../docs/operations.md"), "utf8");
    const wanted = all.flatMap(({ objects }) => secretFiles(objects));
    const missing = wanted.filter(
      ({ secret, key }) =>
        !new RegExp(`secret generic ${secret}\\b[^#]*?--from-(file|literal)=${key}=`).test(text),
    );
    expect(wanted.length).toBeGreaterThan(4);
    expect(missing).toEqual([]);
  });

  test("a pod that is taken away has time for its preStop, its longest deadline and a margin", () => {
    expect(found(ofObjects(graceProblems))).toEqual([]);
  });

  test("a node that is drained takes one pod at a time, an update takes none before another is there", () => {
    expect(found(ofObjects(availabilityProblems))).toEqual([]);
  });

  test("production has three pods of each service spread over zones, and streams of three replicas", () => {
    expect(
      found(({ overlay, objects }) => (overlay === "prod" ? replicaProblems(objects) : [])),
    ).toEqual([]);
  });

  test("what pods write has room on their nodes, and the index of lists on its volume", () => {
    expect(found(storageProblems)).toEqual([]);
  });

  test("services and their pods have the labels that Kubernetes recommends", () => {
    expect(found(ofObjects(labelProblems))).toEqual([]);
  });

  test("images are pinned: others' by digest, ours by this repository's version, in a registry that nobody has", () => {
    expect(found(imageProblems)).toEqual([]);
  });

  test("with network policies, each service reaches DNS and NATS, and the dispatcher public addresses", () => {
    const policed = all.filter(({ components }) => components.includes("network-policy"));
    expect(
      policed.flatMap(({ name, objects }) =>
        networkPolicyProblems(objects).map((p) => `${name}: ${p}`),
      ),
    ).toEqual([]);
    expect(egressProblems(example.objects, "dispatcher")).toEqual([]);
    expect(egressProblems(example.objects, "subscriptions")).toEqual([]);
  });

  test("the streams and consumers of NACK are those that both services ask for", () => {
    const withNack = all.filter(({ components }) => components.includes("nack"));
    expect(withNack.length).toBeGreaterThan(0);
    expect(
      withNack.flatMap(({ name, objects }) => nackProblems(objects).map((p) => `${name}: ${p}`)),
    ).toEqual([]);
  });
});
