import { cp, readFile, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import type { IIngressSpec } from "kubernetes-models/networking.k8s.io/v1/IngressSpec";
import type { INetworkPolicySpec } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicySpec";
import { parse } from "yaml";
import { beforeAll, describe, expect, test } from "vitest";
import { makeTempDir } from "../../harness/temp-dir.ts";
import { build, findKustomize, type KubernetesObject } from "../kustomize.ts";
import { readSettings } from "../policies/environment.ts";
import { problemsOf } from "../schemas.ts";
import { environmentOf, selects, serviceIn, specsOf, workloadsIn } from "../workloads.ts";

const K8S = resolve(import.meta.dirname, "../../../deploy/k8s");
const kustomize = await findKustomize();
const skipped =
  kustomize.kind === "absent" ? ` (skipped: no kustomize 5: ${kustomize.reason})` : "";

const built = async (directory: string): Promise<KubernetesObject[]> =>
  kustomize.kind === "absent" ? [] : build(kustomize.command, directory);

/** The example as somebody has it after the first apply, who changed these texts in it, each as often as it is there. */
async function changed(changes: Readonly<Record<string, string>>): Promise<KubernetesObject[]> {
  const own = await makeTempDir("own");
  await cp(join(K8S, "example"), own, { recursive: true });
  const ours = { "../components": "components", "../overlays": "overlays" };
  const paths = [
    ["# - ../components/keda", "- ../components/keda"],
    ...Object.entries(ours).map(([from, to]) => [from, relative(own, join(K8S, to))]),
  ];
  for (const name of ["kustomization.yaml", "installation/kustomization.yaml"]) {
    const text = await readFile(join(own, name), "utf8");
    const all = [...paths, ...Object.entries(changes)] as [string, string][];
    await writeFile(
      join(own, name),
      all.reduce((before, [from, to]) => before.replaceAll(from, to), text),
    );
  }
  return built(own);
}

interface Scaler {
  readonly scaleTargetRef: { readonly name: string };
  readonly minReplicaCount: number;
  readonly triggers: readonly { readonly metadata: Readonly<Record<string, string>> }[];
}

const one = (objects: readonly KubernetesObject[], kind: string, name?: string): unknown => {
  const found = specsOf<unknown>(objects, kind).filter((spec) =>
    [undefined, spec.name].includes(name),
  );
  if (found.length !== 1) throw new Error(`${found.length} objects ${kind} ${name}, expected one`);
  return found[0]?.spec;
};

const images = (objects: readonly KubernetesObject[]): string[] =>
  workloadsIn(objects).flatMap(({ pod }) => pod.containers.map(({ image = "" }) => image));

/** The names of the namespaces in a text of rules. */
const namespacesIn = (rules: unknown): string[] =>
  [...JSON.stringify(rules).matchAll(/"kubernetes.io\/metadata.name":"([^"]+)"/g)].map(
    ([, name = ""]) => name,
  );

describe.skipIf(kustomize.kind === "absent")(`an overlay of one's own${skipped}`, () => {
  let example: KubernetesObject[];
  beforeAll(async () => {
    example = await built(join(K8S, "example"));
  });

  test("another namespace, a prefix and other neighbours reach policies, the autoscaler and its query", async () => {
    const objects = await changed({
      "namespace: ringback": "namespace: acme-hooks",
      "# namePrefix: eu-": "namePrefix: eu-",
      "nats-namespace: nats": "nats-namespace: messaging",
      "prometheus-namespace: monitoring": "prometheus-namespace: observing",
      "http://prometheus-operated.monitoring.svc:9090": "http://thanos.observing.svc:9090",
      "169.254.20.10/32": "fd00:90::10/128",
    });
    expect([...new Set(objects.map(({ metadata }) => metadata.namespace))]).toEqual(["acme-hooks"]);
    const { scaleTargetRef, triggers } = one(objects, "ScaledObject") as Scaler;
    expect(workloadsIn(objects).map(({ name }) => name)).toContain(scaleTargetRef.name);
    expect(scaleTargetRef.name).toBe("eu-ringback-dispatcher");
    expect(triggers[0]?.metadata).toMatchObject({
      serverAddress: "http://thanos.observing.svc:9090",
      query: expect.stringMatching(/namespace="acme-hooks"/),
    });
    expect(triggers[0]?.metadata["query"]).not.toContain('"ringback"');
    const policy = (name: string) => one(objects, "NetworkPolicy", name) as INetworkPolicySpec;
    expect(namespacesIn(policy("ringback-nats"))).toEqual(["messaging"]);
    expect(namespacesIn(policy("ringback-metrics"))).toEqual(["observing"]);
    expect(policy("ringback-dns").egress?.[0]?.to?.[0]?.ipBlock?.cidr).toBe("fd00:90::10/128");
    const backends = (one(objects, "Ingress") as IIngressSpec).rules?.flatMap(({ http }) =>
      (http?.paths ?? []).map(({ backend }) => backend.service?.name),
    );
    expect([...new Set(backends)]).toEqual(["eu-ringback-subscriptions"]);
  });

  test("the autoscaler that asks NATS does so where the installation says, for the Deployment as it is called", async () => {
    const objects = await changed({
      "components/keda": "components/keda-jetstream",
      "# namePrefix: eu-": "namePrefix: eu-",
      "nats-headless.nats.svc": "events-headless.messaging.svc",
    });
    const { scaleTargetRef, triggers } = one(objects, "ScaledObject") as Scaler;
    expect(scaleTargetRef.name).toBe("eu-ringback-dispatcher");
    expect(triggers[0]?.metadata["natsServerMonitoringEndpoint"]).toBe(
      "events-headless.messaging.svc.cluster.local:8222",
    );
  });

  test("with index-volume each pod of the API has a disk of its own for the index, and nothing of its node's", async () => {
    const objects = await changed({ "components/keda": "components/index-volume" });
    const { workload, container } = serviceIn(objects, "subscriptions");
    expect([workload.kind, workload.claims.map(({ metadata }) => metadata?.name)]).toEqual([
      "StatefulSet",
      ["projection"],
    ]);
    const folder = environmentOf(container, objects)["PROJECTION_DIR"];
    const mount = container.volumeMounts?.find(({ name }) => name === "projection");
    expect(mount?.mountPath).toBe(folder);
    expect(workload.pod.volumes?.map(({ name }) => name)).toEqual(["secrets"]);
    const { serviceName } = one(objects, "StatefulSet") as { serviceName: string };
    expect(one(objects, "Service", serviceName)).toMatchObject({ clusterIP: "None" });
  });

  test("an image that nobody gave a registry has one that cannot be", async () => {
    const prod = images(await built(join(K8S, "overlays/prod")));
    expect(prod.map((image) => image.split("/")[0])).toEqual(
      Array(2).fill("registry-not-set.invalid"),
    );
    const own = images(await changed({ "registry.example.com": "registry.acme.test" }));
    expect(own.map((image) => image.split("/")[0])).toEqual(Array(2).fill("registry.acme.test"));
  });

  test("what `kubectl delete -k` takes has no namespace, no Secret and no volume of its own", async () => {
    const kinds = [example, await built(join(K8S, "overlays/dev"))].flat().map(({ kind }) => kind);
    const kept = ["Namespace", "Secret", "PersistentVolumeClaim", "CustomResourceDefinition"];
    expect(kinds.filter((kind) => kept.includes(kind))).toEqual([]);
    const [namespace, ...others] = await built(join(K8S, "namespace"));
    expect(others).toEqual([]);
    expect(namespace).toMatchObject({
      kind: "Namespace",
      metadata: { labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
    });
  });

  test("pods reach the DNS of plain clusters, of a cache on the node, and of OpenShift", () => {
    const { egress = [], podSelector } = one(
      example,
      "NetworkPolicy",
      "ringback-dns",
    ) as INetworkPolicySpec;
    for (const { podLabels } of workloadsIn(example)) {
      expect(selects(podSelector, podLabels)).toBe(true);
    }
    const ways = egress.map(({ to, ports }) => ({
      cidrs: (to ?? []).flatMap(({ ipBlock }) => ipBlock?.cidr ?? []),
      namespaces: namespacesIn(to),
      ports: ports?.map(({ protocol, port }) => `${protocol} ${port}`),
    }));
    expect(ways).toEqual([
      { cidrs: ["169.254.20.10/32"], namespaces: ["kube-system"], ports: ["UDP 53", "TCP 53"] },
      { cidrs: [], namespaces: ["openshift-dns"], ports: ["UDP 5353", "TCP 5353"] },
    ]);
    expect(JSON.stringify(egress)).toMatch(/"kube-dns".*"node-local-dns"/);
  });

  test("NATS lets in Ringback's pods, producers, its own servers, KEDA and Prometheus, each at its port", async () => {
    const [policy, ...others] = await built(join(K8S, "nats"));
    if (policy === undefined) throw new Error("no policy");
    expect([others, problemsOf(policy), policy.metadata.namespace]).toEqual([[], [], "nats"]);
    const { ingress = [] } = policy["spec"] as INetworkPolicySpec;
    const ports = ingress.map(({ ports: said }) => said?.map(({ port }) => port));
    expect(ports).toEqual([[4222], [6222], [8222], [7777]]);
    expect(ingress.map(({ from }) => namespacesIn(from))).toEqual([
      ["ringback"],
      [],
      ["keda"],
      ["monitoring"],
    ]);
    for (const { podLabels } of workloadsIn(example)) {
      expect(selects(ingress[0]?.from?.[0]?.podSelector, podLabels)).toBe(true);
    }
  });

  test("an autoscaler takes over the number that is there: it is handed over, and none is applied", async () => {
    const dispatcher = serviceIn(example, "dispatcher").workload;
    const handover = parse(await readFile(join(K8S, "handover/dispatcher.yaml"), "utf8"));
    const scaled = await changed({});
    const { minReplicaCount } = one(scaled, "ScaledObject") as Scaler;
    expect(handover).toEqual({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: dispatcher.name },
      spec: { replicas: minReplicaCount },
    });
    // The first apply has the number; without one Kubernetes would start a single pod.
    expect([dispatcher.replicas, specsOf(example, "ScaledObject")]).toEqual([minReplicaCount, []]);
    expect(serviceIn(scaled, "dispatcher").workload.replicas).toBeUndefined();
    const text = await readFile(resolve(K8S, "../../docs/operations.md"), "utf8");
    expect(text).toMatch(
      /--server-side --field-manager=ringback-replicas -f deploy\/k8s\/handover\/dispatcher\.yaml\n[^`]*apply --server-side -k/,
    );
    // Without --server-side the next apply would set the number to one all the same.
    expect(
      text.match(/kubectl apply -k (?!deploy\/k8s\/(?:namespace|overlays\/dev)\n).*/g),
    ).toBeNull();
  });

  test("the Ingress leads the hosts of the settings to the API, the console and the portal", () => {
    const { container } = serviceIn(example, "subscriptions");
    const settings = readSettings("subscriptions", environmentOf(container, example));
    const { rules = [], tls = [] } = one(example, "Ingress") as IIngressSpec;
    const ways = rules.map(({ host, http }) => [
      host,
      ...(http?.paths ?? []).map(({ path }) => path),
    ]);
    const hosts = [settings.PUBLIC_ORIGIN, settings.PORTAL_ORIGIN].map(
      (url) => new URL(url ?? "").host,
    );
    expect(ways).toEqual([
      [hosts[0], "/ca/api/v0", "/console"],
      [hosts[1], "/"],
    ]);
    expect(tls.flatMap(({ hosts: named }) => named)).toEqual(hosts);
    expect(settings.TRUSTED_PROXIES).toHaveLength(1);
  });

  test("nothing before the API cuts a live stream, holds it back, or refuses what the API takes", () => {
    const { metadata } = example.find(({ kind }) => kind === "Ingress") ?? { metadata: {} };
    const { annotations } = metadata as { annotations: Record<string, string> };
    const said = (name: string): string => annotations[`nginx.ingress.kubernetes.io/${name}`] ?? "";
    // A stream sends something every 10 s (services/subscriptions/src/live/connections.ts).
    expect(Number(said("proxy-read-timeout"))).toBeGreaterThanOrEqual(20);
    expect([said("proxy-buffering"), said("proxy-body-size")]).toEqual(["off", "8m"]);
  });
});
