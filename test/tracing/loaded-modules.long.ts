import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeApiKeysFile } from "../harness/api-keys.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startNatsServer, type NatsServer } from "../harness/nats/nats-server.ts";
import { startService } from "../harness/process/service-process.ts";
import { makeTempDir } from "../harness/temp-dir.ts";

failOnLeaks();

let server: NatsServer;
let apiKeys: string;

beforeAll(async () => {
  server = await startNatsServer();
  apiKeys = (await writeApiKeysFile([{ workspaceId: "w1", scopes: ["read"] }])).file;
});

afterAll(() => server.stop());

/** How many modules of OpenTelemetry, but for its API, a service has loaded by the time that it is ready. */
const loadedBy = async (
  service: "dispatcher" | "subscriptions",
  env: Readonly<Record<string, string>>,
): Promise<number> => {
  const file = join(await makeTempDir("modules"), "loaded");
  await writeFile(file, "");
  const running = await startService({
    entry: `services/${service}/src/main.ts`,
    env: { NATS_URL: server.url, API_KEYS_FILE: apiKeys, LOADED_MODULES_FILE: file, ...env },
    nodeArgs: ["--import", resolve(import.meta.dirname, "report-modules.ts")],
  });
  await running.stop();
  return (await readFile(file, "utf8")).split("\n").length - 1;
};

// Nobody listens there: nothing is sent as nothing happens.
const TRACED = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9" };

test.each(["dispatcher", "subscriptions"] as const)(
  "the %s loads no SDK of OpenTelemetry unless a collector is named",
  async (service) => {
    const [without, disabled, traced] = await Promise.all([
      loadedBy(service, { OTEL_SERVICE_NAME: "named-but-nowhere-to-send" }),
      loadedBy(service, { ...TRACED, OTEL_SDK_DISABLED: "true" }),
      loadedBy(service, TRACED),
    ]);
    expect({ without, disabled }).toEqual({ without: 0, disabled: 0 });
    expect(traced).toBeGreaterThan(10);
  },
);
