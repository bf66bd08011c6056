import { readFileSync } from "node:fs";
import { POLICY_BOUNDS } from "@ringback/contracts/agents/delivery-policy";
import type { IPodDisruptionBudgetSpec } from "kubernetes-models/policy/v1/PodDisruptionBudgetSpec";
import type { KubernetesObject } from "../kustomize.ts";
import {
  type Container,
  environmentOf,
  selects,
  type ServiceName,
  serviceIn,
  SERVICES,
  specsOf,
} from "../workloads.ts";
import { readSettings } from "./environment.ts";

type Objects = readonly KubernetesObject[];

/** For the kernel, the container runtime and the kubelet. */
const MARGIN_MS = 5_000;

/** A number that a service's source names: how long it takes at most to stop is written once, there. */
const constantIn = (path: string, name: string): number => {
  const text = readFileSync(new URL(`../../../services/${path}`, import.meta.url), "utf8");
  const found = new RegExp(`const ${name} = ([\\d_]+);`).exec(text)?.[1];
  if (found === undefined) throw new Error(`services/${path} has no ${name}`);
  return Number(found.replaceAll("_", ""));
};

const stopMs = (service: ServiceName, container: Container, objects: Objects): number => {
  if (service === "subscriptions") return constantIn("subscriptions/src/main.ts", "STOP_GRACE_MS");
  const { DELIVERY_TIMEOUT } = readSettings("dispatcher", environmentOf(container, objects));
  const longestMs = Math.max(DELIVERY_TIMEOUT, POLICY_BOUNDS.timeoutMs.max);
  return longestMs + constantIn("dispatcher/src/run.ts", "STOP_MARGIN_MS");
};

/** Services that Kubernetes would kill before they may have finished. */
export const graceProblems = (objects: Objects): string[] =>
  SERVICES.flatMap((service) => {
    const { workload, container } = serviceIn(objects, service);
    const graceMs = (workload.pod.terminationGracePeriodSeconds ?? 30) * 1_000;
    const sleepS = container.lifecycle?.preStop?.sleep?.seconds;
    if (sleepS === undefined) return [`${service}: no preStop sleep`];
    const neededMs = sleepS * 1_000 + stopMs(service, container, objects) + MARGIN_MS;
    return graceMs >= neededMs
      ? []
      : [`${service}: grace period ${graceMs} ms, expected at least ${neededMs} ms`];
  });

interface Updated {
  readonly strategy?: { readonly rollingUpdate?: { readonly maxUnavailable?: unknown } };
  readonly minReadySeconds?: number;
}

/** Services that an update or a drain could take away as a whole. */
export const availabilityProblems = (objects: Objects): string[] =>
  SERVICES.flatMap((service) => {
    const { workload } = serviceIn(objects, service);
    const budgets = specsOf<IPodDisruptionBudgetSpec>(objects, "PodDisruptionBudget").filter(
      ({ spec }) => selects(spec.selector, workload.podLabels),
    );
    const { spec } = objects.find(
      ({ kind, metadata }) => kind === workload.kind && metadata.name === workload.name,
    ) as { readonly spec?: Updated };
    return [
      ...(budgets.length === 1 && budgets[0]?.spec.maxUnavailable === 1
        ? []
        : [`${service}: expected one budget with maxUnavailable 1`]),
      // A StatefulSet has no pod beyond its number: the others go on meanwhile.
      ...(spec?.strategy?.rollingUpdate?.maxUnavailable === 0 ||
      (workload.kind === "StatefulSet" && (workload.replicas ?? 1) > 1)
        ? []
        : [`${service}: an update may take a pod before another is there`]),
      ...((spec?.minReadySeconds ?? 0) > 0
        ? []
        : [`${service}: an update goes on while new pods end again`]),
    ];
  });

/** What is less than three in an installation that is to survive the loss of a zone. */
export const replicaProblems = (objects: Objects): string[] =>
  SERVICES.flatMap((service) => {
    const { workload, container } = serviceIn(objects, service);
    const scaler = specsOf<{ scaleTargetRef: { name: string }; minReplicaCount: number }>(
      objects,
      "ScaledObject",
    ).find(({ spec }) => spec.scaleTargetRef.name === workload.name);
    const replicas = scaler?.spec.minReplicaCount ?? workload.replicas ?? 1;
    const zones = (workload.pod.topologySpreadConstraints ?? []).filter(
      ({ topologyKey }) => topologyKey === "topology.kubernetes.io/zone",
    );
    const settings = readSettings(service, environmentOf(container, objects));
    return [
      ...(replicas >= 3 ? [] : [`${service}: ${replicas} pods`]),
      ...(zones.length === 1 ? [] : [`${service}: is not spread over zones`]),
      ...(settings.STREAM_REPLICAS === 3 ? [] : [`${service}: STREAM_REPLICAS is not 3`]),
    ];
  });
