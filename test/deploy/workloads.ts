import type { IPersistentVolumeClaim } from "kubernetes-models/v1/PersistentVolumeClaim";
import type { IPodSpec } from "kubernetes-models/v1/PodSpec";
import type { KubernetesObject } from "./kustomize.ts";

/** What runs pods, whatever kind it is. */
export interface Workload {
  readonly name: string;
  readonly kind: string;
  readonly replicas: number | undefined;
  readonly selector: Readonly<Record<string, string>>;
  readonly podLabels: Readonly<Record<string, string>>;
  readonly pod: IPodSpec;
  /** Disks that each pod has of its own, by the names of their volumes. */
  readonly claims: readonly IPersistentVolumeClaim[];
}

interface WithTemplate {
  readonly replicas?: number;
  readonly volumeClaimTemplates?: readonly IPersistentVolumeClaim[];
  readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
  readonly template: {
    readonly metadata: { readonly labels: Readonly<Record<string, string>> };
    readonly spec: IPodSpec;
  };
}

type Objects = readonly KubernetesObject[];
export type Container = IPodSpec["containers"][number];

/** The Deployments and StatefulSets among the objects. */
export const workloadsIn = (objects: Objects): Workload[] =>
  objects
    .filter(({ kind }) => kind === "Deployment" || kind === "StatefulSet")
    .map(({ kind, metadata, ...fields }) => {
      const { replicas, selector, template, volumeClaimTemplates } = fields["spec"] as WithTemplate;
      return {
        name: metadata.name,
        kind,
        replicas,
        selector: selector.matchLabels,
        podLabels: template.metadata.labels,
        pod: template.spec,
        claims: volumeClaimTemplates ?? [],
      };
    });

/** What a CronJob's runs are: one pod each. */
export interface ScheduledJob {
  readonly name: string;
  readonly suspend: boolean;
  /** After so many seconds a run is ended, with its retries. */
  readonly deadlineS: number | undefined;
  readonly pod: IPodSpec;
  readonly podLabels: Readonly<Record<string, string>>;
}

/** The CronJobs among the objects. */
export const jobsIn = (objects: Objects): ScheduledJob[] =>
  objects
    .filter(({ kind }) => kind === "CronJob")
    .map(({ metadata, ...fields }) => {
      const { suspend = false, jobTemplate } = fields["spec"] as {
        readonly suspend?: boolean;
        readonly jobTemplate: {
          readonly spec: Pick<WithTemplate, "template"> & {
            readonly activeDeadlineSeconds?: number;
          };
        };
      };
      const { template, activeDeadlineSeconds: deadlineS } = jobTemplate.spec;
      const podLabels = template.metadata.labels;
      return { name: metadata.name, suspend, deadlineS, pod: template.spec, podLabels };
    });

/** The two services of Ringback, by the names of their folders. */
export const SERVICES = ["subscriptions", "dispatcher"] as const;
export type ServiceName = (typeof SERVICES)[number];

/** A service's workload and its one container; throws where it is not there. */
export const serviceIn = (
  objects: Objects,
  service: ServiceName,
): { readonly workload: Workload; readonly container: Container } => {
  const workload = workloadsIn(objects).find(({ name }) => name === `ringback-${service}`);
  const [container, ...others] = workload?.pod.containers ?? [];
  if (workload === undefined || container === undefined || others.length > 0) {
    throw new Error(`ringback-${service}: expected a workload with one container`);
  }
  return { workload, container };
};

/** The variables that a container gets; throws for a ConfigMap that is not there. */
export const environmentOf = (container: Container, objects: Objects): Record<string, string> => {
  const environment: Record<string, string> = {};
  for (const { configMapRef } of container.envFrom ?? []) {
    const map = objects.find(
      ({ kind, metadata }) => kind === "ConfigMap" && metadata.name === configMapRef?.name,
    );
    if (map === undefined) throw new Error(`no ConfigMap ${configMapRef?.name}`);
    Object.assign(environment, map["data"]);
  }
  for (const { name, value } of container.env ?? []) environment[name] = value ?? "";
  return environment;
};

/** True when a selector of labels (without expressions) takes these labels. */
export const selects = (
  selector: { readonly matchLabels?: Readonly<Record<string, string>> } | undefined,
  labels: Readonly<Record<string, string>>,
): boolean => Object.entries(selector?.matchLabels ?? {}).every(([key, is]) => labels[key] === is);

type Specified<Spec> = { readonly name: string; readonly spec: Spec };

/** The spec of every object of a kind, as what its own schema says it is. */
export const specsOf = <Spec>(objects: Objects, kind: string): Specified<Spec>[] =>
  objects
    .filter((object) => object.kind === kind)
    .map((object) => ({ name: object.metadata.name, spec: object["spec"] as Spec }));
