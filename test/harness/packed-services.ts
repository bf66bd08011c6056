import { execFile } from "node:child_process";
import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { build } from "rolldown";

const ROOT = resolve(import.meta.dirname, "../..");
const SERVICES = ["dispatcher", "subscriptions"] as const;

/** Where this run has packed them, for its processes: another one's may be of other sources. */
const PACKED_IN = "RINGBACK_PACKED_SERVICES";

/**
 * What the tests run for a service's entry file: the service packed into a few files, which takes half the
 * CPU time to start that its hundreds of sources take. Where `setup` has not run, its sources.
 */
export function packedEntry(entry: string): string {
  const service = SERVICES.find((name) => entry === sourceOf(name));
  const folder = process.env[PACKED_IN];
  return service === undefined || folder === undefined
    ? resolve(ROOT, entry)
    : join(folder, service, "main.js");
}

/**
 * Packs both services before the first test, and starts each once in vain, so that Node has it compiled.
 * Returns what removes them after the last one.
 */
export async function setup(): Promise<() => Promise<void>> {
  const folder = join(ROOT, ".run", `packed-${process.pid}`);
  await Promise.all(SERVICES.map((service) => pack(service, join(folder, service))));
  process.env[PACKED_IN] = folder;
  await Promise.all(SERVICES.map(startInVain));
  return () => rm(folder, { recursive: true, force: true });
}

/** Threads are files of their own, beside whoever starts them; under the names that these know. */
const THREADS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  subscriptions: {
    "schema-worker.ts": join(ROOT, "services/subscriptions/src/event-types/schema-worker.ts"),
  },
};

const sourceOf = (service: string): string => `services/${service}/src/main.ts`;

async function pack(service: (typeof SERVICES)[number], dir: string): Promise<void> {
  await build({
    input: { "main.js": resolve(ROOT, sourceOf(service)), ...THREADS[service] },
    platform: "node",
    // It reads files that stand beside its own.
    external: ["@fastify/swagger-ui"],
    logLevel: "warn",
    output: {
      dir,
      format: "esm",
      cleanDir: true,
      entryFileNames: ({ name }) => name,
    },
  });
}

const startInVain = (service: string): Promise<void> =>
  new Promise((done) => {
    const { PATH, NODE_COMPILE_CACHE } = process.env;
    const env = { PATH, NODE_COMPILE_CACHE, LOG_LEVEL: "none" };
    execFile(process.execPath, [packedEntry(sourceOf(service))], { env, timeout: 60_000 }, () =>
      done(),
    );
  });
