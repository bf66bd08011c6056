import type { KubernetesObject } from "../kustomize.ts";
import { serviceIn, SERVICES } from "../workloads.ts";

// https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels
const RECOMMENDED = ["name", "instance", "version", "component", "part-of", "managed-by"];

/** Recommended labels that a service's object or its pods do not have. */
export const labelProblems = (objects: readonly KubernetesObject[]): string[] =>
  SERVICES.flatMap((service) => {
    const { workload } = serviceIn(objects, service);
    const object = objects.find(
      ({ kind, metadata }) => kind === workload.kind && metadata.name === workload.name,
    );
    return RECOMMENDED.map((name) => `app.kubernetes.io/${name}`).flatMap((label) => [
      ...(object?.metadata.labels?.[label] === undefined ? [`${service}: no ${label}`] : []),
      ...(workload.podLabels[label] === undefined ? [`${service}: no ${label} on its pods`] : []),
    ]);
  });
