import * as models from "@kubernetes/client-node/dist/gen/models/all.js";
import { ScaledObject } from "@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject";
import { PodMonitor } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor";
import { PrometheusRule } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule";
import { Deployment } from "kubernetes-models/apps/v1/Deployment";
import { StatefulSet } from "kubernetes-models/apps/v1/StatefulSet";
import { CronJob } from "kubernetes-models/batch/v1/CronJob";
import { Ingress } from "kubernetes-models/networking.k8s.io/v1/Ingress";
import { NetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import { PodDisruptionBudget } from "kubernetes-models/policy/v1/PodDisruptionBudget";
import { ConfigMap } from "kubernetes-models/v1/ConfigMap";
import { Namespace } from "kubernetes-models/v1/Namespace";
import { PersistentVolumeClaim } from "kubernetes-models/v1/PersistentVolumeClaim";
import { Service } from "kubernetes-models/v1/Service";
import { ServiceAccount } from "kubernetes-models/v1/ServiceAccount";
import { z } from "zod";
import type { KubernetesObject } from "./kustomize.ts";

/** One field of a class of Kubernetes's own client. */
interface Attribute {
  readonly baseName: string;
  readonly type: string;
}

type Model = new (data: never) => { validate(): void };

const MODELS: Readonly<Record<string, Model>> = {
  "v1/ConfigMap": ConfigMap,
  "v1/Namespace": Namespace,
  "v1/PersistentVolumeClaim": PersistentVolumeClaim,
  "v1/Service": Service,
  "v1/ServiceAccount": ServiceAccount,
  "apps/v1/Deployment": Deployment,
  "apps/v1/StatefulSet": StatefulSet,
  "batch/v1/CronJob": CronJob,
  "networking.k8s.io/v1/Ingress": Ingress,
  "networking.k8s.io/v1/NetworkPolicy": NetworkPolicy,
  "policy/v1/PodDisruptionBudget": PodDisruptionBudget,
  "keda.sh/v1alpha1/ScaledObject": ScaledObject,
  "monitoring.coreos.com/v1/PodMonitor": PodMonitor,
  "monitoring.coreos.com/v1/PrometheusRule": PrometheusRule,
};

/** NACK has no schema on npm: the fields of its v1beta2 that are used here (nats-io/nack, types.go). */
const NACK: Readonly<Record<string, z.ZodType>> = {
  "jetstream.nats.io/v1beta2/Stream": z.strictObject({
    name: z.string(),
    subjects: z.array(z.string()),
    storage: z.enum(["file", "memory"]),
    replicas: z.int(),
    retention: z.enum(["limits", "interest", "workqueue"]),
    discard: z.enum(["old", "new"]),
    maxAge: z.string(),
    maxBytes: z.int(),
    maxMsgs: z.int(),
    maxMsgsPerSubject: z.int(),
    duplicateWindow: z.string(),
    allowDirect: z.boolean(),
    allowRollup: z.boolean(),
    allowMsgSchedules: z.boolean(),
    allowMsgTtl: z.boolean(),
    preventDelete: z.boolean(),
  }),
  "jetstream.nats.io/v1beta2/Consumer": z.strictObject({
    streamName: z.string(),
    durableName: z.string(),
    filterSubject: z.string(),
    deliverPolicy: z.enum(["all", "last", "new", "byStartSequence", "byStartTime"]),
    ackPolicy: z.enum(["none", "all", "explicit"]),
    ackWait: z.string(),
    maxDeliver: z.int(),
    maxAckPending: z.int(),
    preventDelete: z.boolean(),
  }),
};

/** All that is wrong with an object by its schema, fields that its schema does not know included. */
export function problemsOf(object: KubernetesObject): string[] {
  const kind = `${object.apiVersion}/${object.kind}`;
  const nack = NACK[kind];
  if (nack !== undefined) {
    return (nack.safeParse(object["spec"]).error?.issues ?? []).map(
      ({ path, message }) => `${path.join(".")}: ${message}`,
    );
  }
  const model = MODELS[kind];
  if (model === undefined) return [`${kind} is no kind that is checked here`];
  const looked = new Set<string>();
  try {
    new model(watched(object, "", looked) as never).validate();
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
  if (attributesOf(`V1${object.kind}`) !== undefined) {
    return unknownTo(`V1${object.kind}`, object, "");
  }
  // Custom resources have no class in the client: a field that their validator never looks at is none.
  const foreign = Object.keys(object).filter((name) => !TOP_LEVEL.has(name));
  const unseen = paths(object, "").filter((path) => !looked.has(path));
  return [...foreign.map((name) => `/${name}`), ...unseen].map((path) => `${path}: unknown`);
}

const attributesOf = (type: string): readonly Attribute[] | undefined =>
  (
    models as unknown as Readonly<
      Record<string, { getAttributeTypeMap?(): readonly Attribute[] } | undefined>
    >
  )[type]?.getAttributeTypeMap?.();

/** Fields below a value of this type that the classes of Kubernetes's client do not have. */
function unknownTo(type: string, value: unknown, path: string): string[] {
  const list = /^Array<(.+)>$/.exec(type)?.[1];
  if (list !== undefined && Array.isArray(value)) {
    return value.flatMap((one: unknown, n) => unknownTo(list, one, `${path}/${n}`));
  }
  const attributes = attributesOf(type);
  // A plain value, or a map whose keys are free.
  if (attributes === undefined || typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, field]: [string, unknown]) => {
    const attribute = attributes.find(({ baseName }) => baseName === name);
    const at = `${path}/${name}`;
    return attribute === undefined
      ? [`${at}: unknown to ${type}`]
      : unknownTo(attribute.type, field, at);
  });
}

/**
 * The value, noting the path of every field that somebody reads. It does not pass for a plain object, or
 * the models would copy it.
 */
function watched(value: unknown, path: string, looked: Set<string>): unknown {
  if (typeof value !== "object" || value === null) return value;
  return new Proxy(value, {
    getPrototypeOf: (target) => (Array.isArray(target) ? Array.prototype : NOT_PLAIN),
    get: (target, key) => {
      const field: unknown = Reflect.get(target, key);
      if (typeof key === "symbol") return field;
      looked.add(`${path}/${key}`);
      return watched(field, `${path}/${key}`, looked);
    },
  });
}

const NOT_PLAIN = Object.create(Object.create({}) as object) as object;

const TOP_LEVEL = new Set(["apiVersion", "kind", "metadata", "spec"]);

const paths = (value: unknown, path: string): string[] =>
  typeof value !== "object" || value === null
    ? []
    : Object.entries(value).flatMap(([name, field]: [string, unknown]) => [
        `${path}/${name}`,
        ...paths(field, `${path}/${name}`),
      ]);
