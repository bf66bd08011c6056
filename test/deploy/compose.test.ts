import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "yaml";
import { expect, test } from "vitest";
import { ensureNatsServer } from "../../scripts/nats-server.ts";
import { IMAGE_TARGETS } from "../../scripts/images/build.ts";
import { readSettings } from "./policies/environment.ts";

interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly build?: { readonly context: string; readonly target: string };
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly depends_on?: readonly string[] | Readonly<Record<string, unknown>>;
  readonly profiles?: readonly string[];
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly stop_grace_period?: string;
}

const DEPLOY = resolve(import.meta.dirname, "../../deploy");
const text = readFileSync(resolve(DEPLOY, "compose.yaml"), "utf8");
const { services, volumes } = parse(text, { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: object;
};
const all = Object.entries(services);

/** Made by whoever starts it, as the file says at its top. */
const KEYS = ["../.run/compose/header-keys.json", "../.run/compose/api-keys.json"];

const namesOf = (started: "always" | "by a profile"): string[] =>
  all
    .filter(([, { profiles }]) => (profiles === undefined) === (started === "always"))
    .map(([name]) => name);

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
    const mounted = (service?.volumes ?? []).map((volume) => volume.split(":")[1]);
    const files = Object.entries(service?.environment ?? {}).filter(([name]) =>
      name.endsWith("_FILE"),
    );
    expect(files.map(([, path]) => path).filter((path) => !mounted.includes(path))).toEqual([]);
  },
);

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

test("what is mounted and what is waited for is there", () => {
  const sources = all
    .flatMap(([, service]) => service.volumes ?? [])
    .map((volume) => volume.split(":")[0] ?? "");
  const missing = sources.filter(
    (source) =>
      !KEYS.includes(source) && !(source in volumes) && !existsSync(resolve(DEPLOY, source)),
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
  for (const { labels } of configs) expect(Object.keys(labels)).toEqual(["namespace", "pod"]);
});

test("NATS keeps what it acknowledged over a power cut, as it runs with the mounted configuration", async () => {
  const file = services["nats"]?.volumes
    ?.find((volume) => volume.startsWith("./docker/"))
    ?.split(":");
  expect(services["nats"]?.command).toEqual([`--config=${file?.[1]}`]);
  const config = resolve(DEPLOY, file?.[0] ?? "");
  expect(readFileSync(config, "utf8")).toContain("sync_interval: always");
  const checked = spawnSync(await ensureNatsServer(), ["-t", "-c", config], { encoding: "utf8" });
  expect(checked).toMatchObject({ status: 0 });
});
