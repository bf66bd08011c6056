import { execFile } from "node:child_process";
import { join, resolve } from "node:path";
import { build } from "rolldown";

const ROOT = resolve(import.meta.dirname, "../..");
const SERVICES = ["dispatcher", "subscriptions"] as const;

/** Set for the processes that run tests: what an earlier run has packed may be of other sources. */
const IS_PACKED = "RINGBACK_PACKED_SERVICES";

/**
 * What the tests run for a service's entry file: the service packed into a few files, which takes half the
 * CPU time to start that its hundreds of sources take. Where `setup` has not run, its sources.
 */
export function packedEntry(entry: string): string {
  const service = SERVICES.find((name) => entry === sourceOf(name));
  const isPacked = process.env[IS_PACKED] !== undefined;
  return service !== undefined && isPacked
    ? join(folderOf(service), "main.js")
    : resolve(ROOT, entry);
}

/** Packs both services before the first test, and starts each once in vain, so that Node has it compiled. */
export async function setup(): Promise<void> {
  await Promise.all(SERVICES.map(pack));
  process.env[IS_PACKED] = "true";
  await Promise.all(SERVICES.map(startInVain));
}

/** Threads are files of their own, beside whoever starts them; under the names that these know. */
const THREADS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  subscriptions: {
    "schema-worker.ts": join(ROOT, "services/subscriptions/src/event-types/schema-worker.ts"),
  },
};

const sourceOf = (service: string): string => `services/${service}/src/main.ts`;
const folderOf = (service: string): string => join(ROOT, ".run/packed", service);

async function pack(service: string): Promise<void> {
  await build({
    input: { "main.js": resolve(ROOT, sourceOf(service)), ...THREADS[service] },
    platform: "node",
    // It reads files that stand beside its own.
    external: ["@fastify/swagger-ui"],
    logLevel: "warn",
    output: {
      dir: folderOf(service),
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
