/**
 * Builds the console into console/dist, and the types of its API client from docs/openapi.json, where either is older than
 * what it is made of. `--types`: the types alone.
 */
import { createHash } from "node:crypto";
import { glob, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { reasonOf, runCommand } from "./command.ts";

const ROOT = join(import.meta.dirname, "..");
const CONSOLE = join(ROOT, "console");
const BUILD_MS = 5 * 60_000;

/** What a step is made of, and where it notes of what it was made. */
type Step = {
  readonly stamp: string;
  readonly inputs: readonly string[];
  readonly run: () => Promise<void>;
};

const SCHEMA = join(CONSOLE, "src/api/schema.gen.ts");

const types: Step = {
  stamp: join(CONSOLE, "src/api/.schema.inputs"),
  inputs: ["docs/openapi.json", "console/package.json"],
  run: async () => {
    const tool = packageOf("openapi-typescript");
    // Written beside and moved, so that nobody reads half of it.
    const draft = `${SCHEMA}.${process.pid}`;
    await run(join(tool, "bin/cli.js"), [join(ROOT, "docs/openapi.json"), "-o", draft]);
    await rename(draft, SCHEMA);
  },
};

const pages: Step = {
  stamp: join(CONSOLE, "dist/.inputs"),
  inputs: ["console/*.{html,ts,json}", "console/src/**/*.{ts,tsx,css,svg}", "package-lock.json"],
  run: async () => {
    await run(join(packageOf("vite"), "bin/vite.js"), ["build", "--logLevel", "warn"]);
  },
};

/** The folder of a package as the console has it. */
const packageOf = (name: string): string =>
  dirname(createRequire(join(CONSOLE, "package.json")).resolve(`${name}/package.json`));

const run = async (script: string, args: readonly string[]): Promise<void> => {
  const result = await runCommand(process.execPath, [script, ...args], {
    cwd: CONSOLE,
    timeoutMs: BUILD_MS,
  });
  if (result.kind === "not_run") throw new Error(result.reason);
  if (result.code !== 0) throw new Error(`${script}\n${result.stdout}\n${result.stderr}`);
};

/** A digest of what a step is made of: of names and contents, as a clone has all files of one time. */
const digestOf = async ({ inputs }: Step): Promise<string> => {
  const hash = createHash("sha256");
  const found: string[] = [];
  for await (const path of glob([...inputs], { cwd: ROOT })) found.push(path);
  for (const path of found.toSorted()) {
    if (!path.endsWith(".test.ts") && !path.endsWith("schema.gen.ts")) {
      hash.update(path).update(await readFile(join(ROOT, path)));
    }
  }
  return hash.digest("hex");
};

const bringUpToDate = async (step: Step): Promise<void> => {
  const digest = await digestOf(step);
  const made = await readFile(step.stamp, "utf8").catch(() => "");
  if (made === digest) return;
  await step.run();
  await mkdir(dirname(step.stamp), { recursive: true });
  await writeFile(step.stamp, digest);
};

if (import.meta.main) {
  try {
    await bringUpToDate(types);
    if (!process.argv.includes("--types")) await bringUpToDate(pages);
  } catch (error) {
    console.error(`console: ${reasonOf(error)}`);
    process.exit(1);
  }
}
