import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { join, resolve } from "node:path";
import { runCommand } from "../../../scripts/command.ts";
import { writeApiKeysFile } from "../../harness/api-keys.ts";
import { eventually } from "../../harness/eventually.ts";
import { headerKey, writeHeaderKeys } from "../../harness/header-keys.ts";
import { type NatsServer, startNatsServer } from "../../harness/nats/nats-server.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { type ServiceProcess, startService } from "../../harness/process/service-process.ts";
import { makeTempDir, writeTempFile } from "../../harness/temp-dir.ts";
import { build, findKustomize } from "../kustomize.ts";
import { environmentOf, serviceIn } from "../workloads.ts";

failOnLeaks();

const EXAMPLE = resolve(import.meta.dirname, "../../../deploy/k8s/example");
const kustomize = await findKustomize();
const skipped =
  kustomize.kind === "absent" ? ` (skipped: no kustomize 5: ${kustomize.reason})` : "";

/** Of a cluster with TLS and three servers, which is not here. */
const OF_THE_CLUSTER =
  /^(?:NATS_.*|STREAM_REPLICAS|(?:EVENTS|SUBSCRIPTIONS|ATTEMPTS|DEAD_LETTERS)_MAX_BYTES)$/;

describe.skipIf(kustomize.kind === "absent")(
  `the example's subscriptions service${skipped}`,
  () => {
    let server: NatsServer;
    let service: ServiceProcess;

    beforeAll(async () => {
      if (kustomize.kind === "absent") return;
      server = await startNatsServer();
      const objects = await build(kustomize.command, EXAMPLE);
      const rendered = environmentOf(serviceIn(objects, "subscriptions").container, objects);
      const keys = await writeApiKeysFile([{ workspaceId: "acme", scopes: ["admin"] }]);
      const files: Readonly<Record<string, string>> = {
        API_KEYS_FILE: keys.file,
        HEADER_ENCRYPTION_KEYS_FILE: await writeHeaderKeys([headerKey("one")]),
        OIDC_CLIENT_SECRET_FILE: await writeTempFile(
          "oidc-client-secret",
          "a-secret-of-the-client",
        ),
        PROJECTION_DIR: join(await makeTempDir("index"), "index"),
      };
      const kept = Object.entries(rendered).filter(([name]) => !OF_THE_CLUSTER.test(name));
      const missing = Object.keys(files).filter((name) => rendered[name] === undefined);
      if (missing.length > 0) throw new Error(`the example does not set ${missing.join(", ")}`);
      service = await startService({
        entry: "services/subscriptions/src/main.ts",
        env: {
          ...Object.fromEntries(kept.map(([name, value]) => [name, files[name] ?? value])),
          NATS_URL: server.url,
          // As the component ipv6 sets them.
          HTTP_HOST: "::",
          ADMIN_HOST: "::",
        },
      });
    });

    afterAll(async () => {
      await service?.stop();
      await server?.stop();
    });

    /** What a caller gets who reaches the service through the Ingress at this host. */
    const got = async (host: string, path: string): Promise<string> => {
      const { port } = new URL(service.httpUrl());
      const said = await runCommand(
        "curl",
        ["-sSi", "-H", `Host: ${host}`, `http://[::1]:${port}${path}`],
        { timeoutMs: 10_000 },
      );
      return said.kind === "exited" ? said.stdout : said.reason;
    };

    test("it serves the console with runbooks and a sign-in at one host, and the portal at the other", async () => {
      const [ofConsole, ofPortal] = ["ringback.example.com", "webhooks.example.com"];
      // A service that has just started may have too much to do for the first requests.
      await eventually(async () => {
        expect(await got(ofConsole, "/console/")).toMatch(
          /^HTTP\/1.1 200 .*name="runbooks" content="https:\/\/wiki\.example\.com\/runbooks"/s,
        );
        expect(await got(ofConsole, "/console/sign-in-options")).toMatch(/"oidc":true/);
        expect(await got(ofPortal, "/")).toMatch(
          /^HTTP\/1.1 200 .*frame-ancestors https:\/\/app\.example\.com/s,
        );
        expect(await got(ofPortal, "/console/")).not.toMatch(/^HTTP\/1.1 503|name="runbooks"/s);
      });
    });

    test("with the hosts of the component ipv6, probes and callers reach it by IPv6 and by IPv4", async () => {
      const { port } = new URL(service.adminUrl());
      for (const host of ["[::1]", "127.0.0.1"]) {
        expect((await fetch(`http://${host}:${port}/readyz`)).status).toBe(200);
      }
      const metrics = await service.metrics();
      expect(metrics.value("ringback_projection_limit_bytes", {})).toBe(14 * 1024 ** 3);
      expect(metrics.value("ringback_projection_bytes", {})).toBeGreaterThan(0);
    });
  },
);
