import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import { expect, test } from "vitest";
import { ensureNatsServer } from "../../scripts/nats-server.ts";
import { isNewEnough, parseServerVersion } from "../../scripts/nats-server/sources.ts";
import { makeTempDir } from "../harness/temp-dir.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(resolve(ROOT, path), "utf8");

interface Values {
  readonly container: {
    readonly image: { readonly tag: string };
    readonly env: Readonly<Record<string, unknown>>;
  };
  readonly config: {
    readonly cluster: { readonly replicas: number };
    readonly jetstream: {
      readonly fileStore: { readonly pvc: { readonly size: string }; readonly maxSize: string };
      readonly merge: { readonly sync_interval: string };
    };
    readonly merge: Readonly<Record<string, unknown>>;
  };
  readonly promExporter: { readonly podMonitor: object };
  readonly podTemplate: { readonly topologySpreadConstraints: Readonly<Record<string, object>> };
}

const values = parse(read("deploy/helm/nats-values.yaml")) as Values;
const gib = (quantity: string): number => Number(/^(\d+)Gi$/.exec(quantity)?.[1]);

/** The command of docs/operations.md that cuts the accounts out of deploy/nats/nats-server.conf. */
const CUT = "sed -n '/^accounts {/,/^}/p' deploy/nats/nats-server.conf";

test("NATS is three servers over three zones, on disks that are larger than what is stored on them", () => {
  expect(values.config.cluster.replicas).toBe(3);
  expect(values.podTemplate.topologySpreadConstraints["topology.kubernetes.io/zone"]).toEqual({
    maxSkew: 1,
    whenUnsatisfiable: "DoNotSchedule",
  });
  const { pvc, maxSize } = values.config.jetstream.fileStore;
  expect(gib(maxSize)).toBeLessThan(gib(pvc.size));
  expect(values.config.jetstream.merge.sync_interval).toBe("always");
});

test("the server is one that the services take, and has the password of every role", () => {
  const version = parseServerVersion(`nats-server: v${values.container.image.tag.split("-")[0]}`);
  expect(version !== undefined && isNewEnough(version)).toBe(true);
  const named = read("deploy/nats/nats-server.conf").matchAll(
    /password: \$(NATS_PASSWORD_[A-Z]+)/g,
  );
  expect(Object.keys(values.container.env)).toEqual(
    expect.arrayContaining([...named].map(([, name]) => name)),
  );
});

test("Prometheus chooses NATS's PodMonitor by the label that the example gives Ringback's own", () => {
  const { patches } = parse(read("deploy/k8s/example/kustomization.yaml")) as {
    patches: { target: { group?: string }; patch: string }[];
  };
  const ours = patches.find(({ target }) => target.group === "monitoring.coreos.com");
  const labels = (parse(ours?.patch ?? "[]") as { value: object }[])[0]?.value;
  expect(values.promExporter.podMonitor).toEqual({
    enabled: true,
    merge: { metadata: { labels } },
  });
  expect(labels).toBeDefined();
});

test("nats-server takes the accounts as the documented command cuts them out", async () => {
  expect(read("docs/operations.md")).toContain(CUT);
  const cut = spawnSync("bash", ["-c", CUT], { cwd: ROOT, encoding: "utf8" });
  const directory = await makeTempDir("helm");
  // The chart's own file lies beside; the include is looked for from there.
  const include = String(values.config.merge["$include"]);
  mkdirSync(join(directory, "nats-config"));
  mkdirSync(join(directory, "nats-accounts"));
  writeFileSync(join(directory, "nats-config", include), cut.stdout);
  const config = join(directory, "nats-config", "nats.conf");
  const timeout = JSON.stringify(values.config.merge["authorization"]);
  writeFileSync(
    config,
    `jetstream { store_dir: ${JSON.stringify(directory)}, sync_interval: always }
authorization: ${timeout}
include ${include};
`,
  );
  const names = Object.keys(values.container.env).filter((name) => name.startsWith("NATS_"));
  const env = Object.fromEntries(names.map((name) => [name, "secret"]));
  const checked = spawnSync(await ensureNatsServer(), ["-t", "-c", config], {
    env,
    encoding: "utf8",
  });
  expect({ status: checked.status, said: checked.stderr }).toMatchObject({ status: 0 });
  expect(cut.stdout).toContain("RINGBACK");
});
