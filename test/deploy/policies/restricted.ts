import type { KubernetesObject } from "../kustomize.ts";
import { type Container, jobsIn, workloadsIn } from "../workloads.ts";
import type { IPodSpec } from "kubernetes-models/v1/PodSpec";

/** What a pod may not be under Kubernetes's restricted standard, and a little more. */
export const restrictedProblems = ({
  objects,
}: {
  readonly objects: readonly KubernetesObject[];
}): string[] =>
  [...workloadsIn(objects), ...jobsIn(objects).map((job) => ({ ...job, kind: "CronJob" }))].flatMap(
    (one) => [...ofPod(one, objects), ...ofContainers(one)],
  );

interface Runs {
  readonly name: string;
  readonly kind: string;
  readonly pod: IPodSpec;
}

/** Each rule that does not hold, by its name. */
const broken = (at: string, rules: Readonly<Record<string, boolean>>): string[] =>
  Object.entries(rules)
    .filter(([, holds]) => !holds)
    .map(([rule]) => `${at}: ${rule}`);

const ofPod = ({ name, pod, kind }: Runs, objects: readonly KubernetesObject[]): string[] => {
  const { securityContext: context } = pod;
  const account = objects.find(
    (one) => one.kind === "ServiceAccount" && one.metadata.name === pod.serviceAccountName,
  );
  return broken(name, {
    "runs as a number that is not root":
      (context?.runAsUser ?? 0) > 0 && context?.runAsNonRoot === true,
    "seccomp profile RuntimeDefault": context?.seccompProfile?.type === "RuntimeDefault",
    "no host namespaces": !pod.hostNetwork && !pod.hostPID && !pod.hostIPC,
    "no host paths": (pod.volumes ?? []).every(({ hostPath }) => hostPath === undefined),
    "no token is mounted": pod.automountServiceAccountToken === false,
    // NATS of the overlay dev is a StatefulSet and has no account of its own.
    "a service account of its own without a token":
      kind === "StatefulSet" || account?.["automountServiceAccountToken"] === false,
    "no variables of Services": pod.enableServiceLinks === false,
  });
};

const MIB = 1024 ** 2;
const mebibytes = (quantity: unknown): number => Number(/^(\d+)Mi$/.exec(String(quantity))?.[1]);

const ofContainers = ({ name, pod }: Runs): string[] =>
  pod.containers.flatMap((container) => {
    const { securityContext: context, resources } = container;
    return broken(`${name}/${container.name}`, {
      "no more rights than it has": context?.allowPrivilegeEscalation === false,
      "no capabilities": context?.capabilities?.drop?.join() === "ALL" && !context.capabilities.add,
      "a file system that is read-only": context?.readOnlyRootFilesystem === true,
      "requests CPU and memory": Boolean(
        resources?.requests?.["cpu"] && resources.requests["memory"],
      ),
      "a limit of memory and none of CPU":
        mebibytes(resources?.limits?.["memory"]) > 0 && resources?.limits?.["cpu"] === undefined,
    });
  });

/** Containers whose heap may grow to more than leaves a third of their memory for the rest. */
export const heapProblems = (
  container: Container,
  environment: Readonly<Record<string, string>>,
): string[] => {
  const heap = Number(/--max-old-space-size=(\d+)/.exec(environment["NODE_OPTIONS"] ?? "")?.[1]);
  const limit = mebibytes(container.resources?.limits?.["memory"]);
  return heap * 1.5 <= limit ? [] : [`heap of ${heap * MIB} bytes in ${limit * MIB}`];
};
