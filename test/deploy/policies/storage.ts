import type { Installation, KubernetesObject } from "../kustomize.ts";
import { environmentOf, serviceIn, SERVICES, type ServiceName } from "../workloads.ts";
import {
  neededBytes,
  SIZE_MARGIN,
} from "../../../services/subscriptions/src/projection/file/needed-bytes.ts";
import { readSettings } from "./environment.ts";

type Objects = readonly KubernetesObject[];

const UNITS: Readonly<Record<string, number>> = { Mi: 1024 ** 2, Gi: 1024 ** 3 };

const bytesOf = (quantity: unknown): number => {
  const [, number, unit = ""] = /^(\d+)(Mi|Gi)$/.exec(String(quantity)) ?? [];
  return Number(number) * (UNITS[unit] ?? Number.NaN);
};

/** Pods whose node may evict them for what they write, and an index that outgrows its volume. */
export const storageProblems = ({ overlay, objects }: Installation): string[] => [
  ...SERVICES.flatMap((service) => ephemeralProblems(objects, service)),
  // The component nack gives streams a size in dev too, where nobody fills them.
  ...indexProblems(objects, overlay === "prod"),
];

const ephemeralProblems = (objects: Objects, service: ServiceName): string[] => {
  const { workload, container } = serviceIn(objects, service);
  const { requests, limits } = container.resources ?? {};
  const requested = bytesOf(requests?.["ephemeral-storage"]);
  const limit = bytesOf(limits?.["ephemeral-storage"]);
  const scratch = (workload.pod.volumes ?? [])
    .flatMap(({ emptyDir }) => (emptyDir === undefined ? [] : [bytesOf(emptyDir.sizeLimit)]))
    .reduce((sum, bytes) => sum + bytes, 0);
  return requested > scratch && limit > requested
    ? []
    : [`${service}: requests ${requested} of ${limit} bytes of its node, and may write ${scratch}`];
};

const indexProblems = (objects: Objects, isFilled: boolean): string[] => {
  const { workload, container } = serviceIn(objects, "subscriptions");
  const settings = readSettings("subscriptions", environmentOf(container, objects));
  const { PROJECTION_DIR: folder, PROJECTION_MAX_BYTES: maxBytes = Number.NaN } = settings;
  const mount = container.volumeMounts?.find(({ mountPath }) => mountPath === folder)?.name;
  const scratch = workload.pod.volumes?.find(({ name }) => name === mount)?.emptyDir?.sizeLimit;
  const claim = workload.claims.find(({ metadata }) => metadata?.name === mount);
  const volume = bytesOf(scratch ?? claim?.spec?.resources?.requests?.["storage"]);
  const needed = isFilled ? (neededBytes(settings) ?? 0) : 0;
  return [
    ...(maxBytes * SIZE_MARGIN <= volume
      ? []
      : [`index of ${maxBytes} bytes on a volume of ${volume}`]),
    ...(needed <= maxBytes ? [] : [`index of ${maxBytes} bytes, and streams that fill ${needed}`]),
  ];
};
