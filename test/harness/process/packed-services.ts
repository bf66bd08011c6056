import { execFile } from "node:child_process";
import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { build } from "rolldown";

const ROOT = resolve(import.meta.dirname, "../../..");

/** Entry files by what they are packed with: those of one folder share their files. */
const PACKS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  dispatcher: {
    main: "services/dispatcher/src/main.ts",
    dies: "test/system/crash/dispatcher-that-dies.ts",
    "killed-by-a-message": "test/system/crash/dispatcher-killed-by-a-message.ts",
    watchful: "test/repair/watchful-dispatcher.ts",
  },
  // Its thread is a file of its own, beside whoever starts it; under the name that this one knows.
  subscriptions: {
    main: "services/subscriptions/src/main.ts",
    "schema-worker.ts": "services/subscriptions/src/event-types/schema-worker.ts",
  },
};

/** Where this run has packed them, for its processes: another one's may be of other sources. */
const PACKED_IN = "RINGBACK_PACKED_SERVICES";

/**
 * What the tests run for a program's entry file: the program packed into a few files, which takes half the
 * CPU time to start that its hundreds of sources take. Where `setup` has not run, its sources.
 */
export function packedEntry(entry: string): string {
  const folder = process.env[PACKED_IN];
  for (const [pack, entries] of Object.entries(PACKS)) {
    const name = Object.keys(entries).find((one) => entries[one] === entry);
    if (name !== undefined && folder !== undefined) return join(folder, pack, fileOf(name));
  }
  return resolve(ROOT, entry);
}

const fileOf = (name: string): string => (name.endsWith(".ts") ? name : `${name}.js`);

/**
 * Packs all before the first test, and starts each program once in vain, so that Node has it compiled.
 * Returns what removes them after the last one.
 */
export async function setup(): Promise<() => Promise<void>> {
  const folder = join(ROOT, ".run", `packed-${process.pid}`);
  await Promise.all(
    Object.entries(PACKS).map(([pack, entries]) => packed(entries, join(folder, pack))),
  );
  process.env[PACKED_IN] = folder;
  await Promise.all(Object.values(PACKS).map(({ main = "" }) => startInVain(main)));
  return () => rm(folder, { recursive: true, force: true });
}

async function packed(entries: Readonly<Record<string, string>>, dir: string): Promise<void> {
  await build({
    input: Object.fromEntries(
      Object.entries(entries).map(([name, entry]) => [fileOf(name), resolve(ROOT, entry)]),
    ),
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

const startInVain = (entry: string): Promise<void> =>
  new Promise((done) => {
    const { PATH, NODE_COMPILE_CACHE } = process.env;
    const env = { PATH, NODE_COMPILE_CACHE, LOG_LEVEL: "none" };
    execFile(process.execPath, [packedEntry(entry)], { env, timeout: 60_000 }, () => done());
  });
