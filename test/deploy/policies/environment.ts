import { COMMON_SECRETS } from "@ringback/runtime/settings/settings";
import {
  dispatcherSettings,
  readDispatcherSettings,
} from "../../../services/dispatcher/src/config.ts";
import {
  readSubscriptionsSettings,
  subscriptionsSettings,
} from "../../../services/subscriptions/src/config.ts";
import type { KubernetesObject } from "../kustomize.ts";
import { environmentOf, type ServiceName, serviceIn, SERVICES } from "../workloads.ts";

type Objects = readonly KubernetesObject[];
type Environment = Readonly<Record<string, string>>;

/** Node.js's own variables that may be set beside the settings. */
const OF_NODE = ["NODE_OPTIONS", "NODE_EXTRA_CA_CERTS", "UV_THREADPOOL_SIZE"];

const known = (service: ServiceName): Set<string> => {
  const shape = service === "dispatcher" ? dispatcherSettings : subscriptionsSettings;
  const secrets = service === "dispatcher" ? [...COMMON_SECRETS, "EGRESS_PROXY"] : COMMON_SECRETS;
  return new Set([...Object.keys(shape), ...secrets.map((name) => `${name}_FILE`), ...OF_NODE]);
};

/** The settings as the service itself reads them; the files of secrets are not here, so are replaced. */
export const readSettings = <Service extends ServiceName>(
  service: Service,
  environment: Environment,
): ReturnType<
  Service extends "dispatcher" ? typeof readDispatcherSettings : typeof readSubscriptionsSettings
> => {
  const read = service === "dispatcher" ? readDispatcherSettings : readSubscriptionsSettings;
  const elsewhere = Object.entries(environment).filter(([name]) => name !== CERTIFICATES);
  const values = elsewhere.map(([name, value]) => {
    const secret = IN_FILES[name];
    return secret === undefined ? [name, value] : [name.slice(0, -"_FILE".length), secret];
  });
  return read(Object.fromEntries(values) as Environment) as never;
};

/** A file of the Secret, which the service reads when it reads its settings. */
const CERTIFICATES = "NATS_TLS_CA_FILE";

/** What stands in the files that are read at the start. */
const IN_FILES: Environment = {
  NATS_URL_FILE: "tls://user:password@nats.example.com:4222",
  OIDC_CLIENT_SECRET_FILE: "a-secret-of-the-client",
};

/** Variables that no setting has, settings that are not accepted, and secrets that are no files. */
export const environmentProblems = (objects: Objects): string[] =>
  SERVICES.flatMap((service) => {
    const environment = environmentOf(serviceIn(objects, service).container, objects);
    const names = known(service);
    const unknown = Object.keys(environment).filter((name) => !names.has(name));
    const problems = unknown.map((name) => `${service}: ${name} is no setting`);
    try {
      readSettings(service, environment);
    } catch (error) {
      problems.push(`${service}: ${error instanceof Error ? error.message : String(error)}`);
    }
    if (/:\/\/[^/]*@/.test(environment["NATS_URL"] ?? "")) {
      problems.push(`${service}: NATS_URL has a password, expected NATS_URL_FILE`);
    }
    return [...problems, ...fileProblems(service, objects)];
  });

/**
 * A file that a setting names has to lie in a Secret that is mounted, read-only and as a directory. The
 * index of lists alone is written, to a volume with a bound.
 */
const fileProblems = (service: ServiceName, objects: Objects): string[] => {
  const { container, workload } = serviceIn(objects, service);
  const environment = environmentOf(container, objects);
  const files = filesNamed(environment);
  const mounts = container.volumeMounts ?? [];
  const scratch = (workload.pod.volumes ?? []).filter(({ emptyDir }) => emptyDir !== undefined);
  const disks = workload.claims.map(({ metadata }) => ({ name: metadata?.name }));
  const isScratch = (mount: string): boolean =>
    [...scratch, ...disks].some(({ name }) => name === mount);
  return [
    ...scratch
      .filter(({ emptyDir }) => emptyDir?.sizeLimit === undefined)
      .map(({ name }) => `${service}: ${name} may fill its node's disk`),
    ...mounts
      .filter(
        ({ name, mountPath }) => isScratch(name) && mountPath !== environment["PROJECTION_DIR"],
      )
      .map(({ mountPath }) => `${service}: ${mountPath} can be written to, and nothing is`),
    ...files
      .filter(({ path }) => !mounts.some(({ mountPath }) => path.startsWith(`${mountPath}/`)))
      .map(({ name, path }) => `${service}: ${name}=${path} is mounted nowhere`),
    ...mounts
      .filter(({ name }) => !isScratch(name))
      .filter(({ readOnly, subPath }) => readOnly !== true || subPath !== undefined)
      .map(({ name }) => `${service}: ${name} is not read-only, or would never be read again`),
  ];
};

const filesNamed = (environment: Environment): { name: string; path: string }[] =>
  Object.entries(environment)
    .filter(([name]) => name.endsWith("_FILE"))
    .map(([name, path]) => ({ name, path }));

/** Each Secret that is mounted with each of its keys that a setting names. */
export const secretFiles = (objects: Objects): { secret: string; key: string }[] =>
  SERVICES.flatMap((service) => {
    const { workload, container } = serviceIn(objects, service);
    return filesNamed(environmentOf(container, objects)).map(({ path }) => {
      const mount = container.volumeMounts?.find(({ mountPath }) => path.startsWith(mountPath));
      const volume = workload.pod.volumes?.find(({ name }) => name === mount?.name);
      const secret = volume?.secret?.secretName ?? `no Secret for ${path}`;
      return { secret, key: path.slice((mount?.mountPath.length ?? 0) + 1) };
    });
  });
