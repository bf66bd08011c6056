import type { IIngressSpec } from "kubernetes-models/networking.k8s.io/v1/IngressSpec";
import type { INetworkPolicySpec } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicySpec";
import type { IPodDisruptionBudgetSpec } from "kubernetes-models/policy/v1/PodDisruptionBudgetSpec";
import type { IServiceSpec } from "kubernetes-models/v1/ServiceSpec";
import type { KubernetesObject } from "../kustomize.ts";
import {
  type Container,
  environmentOf,
  jobsIn,
  selects,
  serviceIn,
  SERVICES,
  specsOf,
  type Workload,
  workloadsIn,
} from "../workloads.ts";
import { readSettings } from "./environment.ts";
import { heapProblems } from "./restricted.ts";

type Objects = readonly KubernetesObject[];

/** Everything that names something which is not there. */
export const wiringProblems = ({ objects }: { readonly objects: Objects }): string[] => {
  const workloads = workloadsIn(objects);
  return [
    ...workloads.flatMap(probeProblems),
    ...workloads.flatMap(selectorProblems),
    ...SERVICES.flatMap((service) => portProblems(service, objects)),
    ...serviceProblems(objects, workloads),
    ...budgetProblems(objects, workloads),
    ...ingressProblems(objects),
    ...monitorProblems(objects, workloads),
    ...scalerProblems(objects, workloads),
    ...policyProblems(objects, workloads),
  ];
};

const hasPort = ({ ports = [] }: Container, port: string | number | undefined): boolean =>
  ports.some(({ name, containerPort }) => name === port || containerPort === port);

const isIn = (workload: Workload, port: string | number | undefined): boolean =>
  workload.pod.containers.some((container) => hasPort(container, port));

const probeProblems = ({ name, pod }: Workload): string[] =>
  pod.containers.flatMap((container) => {
    const { startupProbe, livenessProbe, readinessProbe } = container;
    const probes = { startupProbe, livenessProbe, readinessProbe };
    return Object.entries(probes).flatMap(([probe, said]) =>
      said === undefined || hasPort(container, said.httpGet?.port)
        ? []
        : [`${name}: ${probe} asks port ${said.httpGet?.port}`],
    );
  });

/** The ports that a container names are those that its service listens on, and it is probed there. */
const portProblems = (service: (typeof SERVICES)[number], objects: Objects): string[] => {
  const { container } = serviceIn(objects, service);
  const environment = environmentOf(container, objects);
  const settings = readSettings(service, environment);
  const wanted = {
    admin: settings.ADMIN_PORT,
    ...("HTTP_PORT" in settings ? { http: settings.HTTP_PORT } : {}),
  };
  const named = Object.fromEntries(
    (container.ports ?? []).map(({ name = "", containerPort }) => [name, containerPort]),
  );
  const { livenessProbe, readinessProbe } = container;
  const paths = [livenessProbe?.httpGet?.path, readinessProbe?.httpGet?.path].join();
  const probed = [livenessProbe?.httpGet?.port, readinessProbe?.httpGet?.port].join();
  const same = Object.entries(wanted).every(([name, port]) => named[name] === port);
  return [
    ...(same && Object.keys(named).length === Object.keys(wanted).length
      ? []
      : [`${service}: ports ${JSON.stringify(named)}, expected ${JSON.stringify(wanted)}`]),
    ...(paths === "/livez,/readyz" && probed === "admin,admin"
      ? []
      : [`${service}: probes ${paths}`]),
    ...heapProblems(container, environment).map((problem) => `${service}: ${problem}`),
  ];
};

const selectorProblems = (workload: Workload): string[] => [
  ...(selects({ matchLabels: workload.selector }, workload.podLabels)
    ? []
    : [`${workload.name}: selects other pods than its own`]),
  ...(workload.pod.topologySpreadConstraints ?? [])
    .filter(({ labelSelector }) => !selects(labelSelector, workload.podLabels))
    .map(({ topologyKey }) => `${workload.name}: spreads other pods over ${topologyKey}`),
];

const serviceProblems = (objects: Objects, workloads: readonly Workload[]): string[] =>
  specsOf<IServiceSpec>(objects, "Service").flatMap(({ name, spec }) => {
    const taken = workloads.filter(({ podLabels }) =>
      selects({ matchLabels: spec.selector ?? {} }, podLabels),
    );
    const [workload] = taken;
    if (workload === undefined || taken.length > 1)
      return [`Service ${name}: takes ${taken.length} workloads`];
    return (spec.ports ?? [])
      .filter(({ targetPort }) => !isIn(workload, targetPort))
      .map(({ targetPort }) => `Service ${name}: no port ${targetPort}`);
  });

const budgetProblems = (objects: Objects, workloads: readonly Workload[]): string[] =>
  specsOf<IPodDisruptionBudgetSpec>(objects, "PodDisruptionBudget")
    .map(({ name, spec }) => ({
      name,
      taken: workloads.filter(({ podLabels }) => selects(spec.selector, podLabels)).length,
    }))
    .filter(({ taken }) => taken !== 1)
    .map(({ name, taken }) => `PodDisruptionBudget ${name}: takes ${taken} workloads`);

const ingressProblems = (objects: Objects): string[] => {
  const services = specsOf<IServiceSpec>(objects, "Service");
  return specsOf<IIngressSpec>(objects, "Ingress").flatMap(({ name, spec }) =>
    (spec.rules ?? [])
      .flatMap(({ http }) => http?.paths ?? [])
      .filter(({ backend }) => {
        const service = services.find((one) => one.name === backend.service?.name);
        return !service?.spec.ports?.some((port) => port.name === backend.service?.port?.name);
      })
      .map(({ path }) => `Ingress ${name}: ${path} leads to no port of a Service`),
  );
};

const ours = (workloads: readonly Workload[]): Workload[] =>
  workloads.filter(({ name }) => name.startsWith("ringback-"));

const monitorProblems = (objects: Objects, workloads: readonly Workload[]): string[] =>
  specsOf<{
    selector: { matchLabels: Record<string, string> };
    podMetricsEndpoints: { port: string; path: string }[];
  }>(objects, "PodMonitor").flatMap(({ spec }) =>
    workloads
      .filter(
        (workload) =>
          selects(spec.selector, workload.podLabels) !== ours([workload]).length > 0 ||
          (ours([workload]).length > 0 &&
            !spec.podMetricsEndpoints.every(
              ({ port, path }) => isIn(workload, port) && path === "/metrics",
            )),
      )
      .map(({ name }) => `PodMonitor: ${name}`),
  );

const scalerProblems = (objects: Objects, workloads: readonly Workload[]): string[] =>
  specsOf<{
    scaleTargetRef: { name: string };
    fallback?: object;
    minReplicaCount: number;
    maxReplicaCount: number;
  }>(objects, "ScaledObject").flatMap(({ name, spec }) => {
    const target = workloads.find((workload) => workload.name === spec.scaleTargetRef.name);
    if (target === undefined) return [`ScaledObject ${name}: no ${spec.scaleTargetRef.name}`];
    return [
      ...(target.replicas === undefined
        ? []
        : [`${target.name}: its number is set, and scaled too`]),
      ...(spec.fallback === undefined ? [`ScaledObject ${name}: no fallback`] : []),
      ...(spec.minReplicaCount < spec.maxReplicaCount
        ? []
        : [`ScaledObject ${name}: scales nothing`]),
    ];
  });

const policyProblems = (objects: Objects, workloads: readonly Workload[]): string[] =>
  specsOf<INetworkPolicySpec>(objects, "NetworkPolicy").flatMap(({ name, spec }) => {
    const taken = workloads.filter(({ podLabels }) => selects(spec.podSelector, podLabels));
    const jobs = jobsIn(objects).filter(({ podLabels }) => selects(spec.podSelector, podLabels));
    const ports = (spec.ingress ?? []).flatMap((rule) => rule.ports ?? []).map(({ port }) => port);
    return [
      ...(taken.length + jobs.length > 0 ? [] : [`NetworkPolicy ${name}: takes no pod`]),
      ...taken.flatMap((workload) =>
        ports
          .filter((port) => !isIn(workload, port))
          .map((port) => `NetworkPolicy ${name}: ${workload.name} has no port ${port}`),
      ),
    ];
  });
