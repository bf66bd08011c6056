import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";

const ROOT = join(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

const UNITS: Readonly<Record<string, number>> = { m: 1, Mi: 1, MiB: 1, Gi: 1_024, GiB: 1_024 };

const mib = (text: string): number => {
  const [, number = "", unit = ""] = /^(\d+)(\w+)$/.exec(text) ?? [];
  return Number(number) * (UNITS[unit] ?? Number.NaN);
};

interface Container {
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly resources: { readonly limits: { readonly memory: string } };
}

type Limits = readonly [goMemLimit: string, memory: string];

const inCompose = (): Limits => {
  const { nats } = parse(read("deploy/compose.yaml")).services;
  return [nats.environment.GOMEMLIMIT, nats.mem_limit];
};

const inDev = (): Limits => {
  const documents = parseAllDocuments(read("deploy/k8s/overlays/dev/nats.yaml"));
  const { spec } = documents.map((d) => d.toJS()).find(({ kind }) => kind === "StatefulSet");
  const [container] = spec.template.spec.containers as Container[];
  const limit = container?.env.find(({ name }) => name === "GOMEMLIMIT")?.value;
  return [limit ?? "", container?.resources.limits.memory ?? ""];
};

const inHelm = (): Limits => {
  const { container } = parse(read("deploy/helm/nats-values.yaml"));
  return [container.env.GOMEMLIMIT, container.merge.resources.limits.memory];
};

test.each([
  ["compose", inCompose],
  ["the dev overlay", inDev],
  ["the chart's values", inHelm],
])("%s: nats-server gives memory back well before its container is killed for it", (_, limits) => {
  const [goMemLimit, memory] = limits().map(mib);
  expect(memory).toBeGreaterThanOrEqual(512);
  expect(goMemLimit).toBeGreaterThan((memory ?? 0) / 2);
  expect(goMemLimit).toBeLessThanOrEqual((memory ?? 0) * 0.8);
});
