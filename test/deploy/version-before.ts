import { mkdir, readdir, symlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import { failureOf, runCommand } from "../../scripts/command.ts";
import { makeTempDir } from "../harness/temp-dir.ts";

const ROOT = resolve(import.meta.dirname, "../..");

export type VersionBefore =
  | { readonly kind: "found"; readonly commit: string }
  | { readonly kind: "absent"; readonly reason: string };

const git = (...args: string[]) => runCommand("git", args, { timeoutMs: 30_000, cwd: ROOT });

/**
 * The commit before the last one that changed what runs, or the one that MIXED_VERSIONS_BASE names (a
 * release); absent where this is no clone, or one without that history.
 */
export async function findVersionBefore(): Promise<VersionBefore> {
  const wish = process.env["MIXED_VERSIONS_BASE"] ?? "";
  const last = await git("log", "-1", "--format=%H", "--", "libs", "services");
  if (last.kind === "not_run" || last.code !== 0) {
    return { kind: "absent", reason: `no history: ${failureOf(last)}` };
  }
  const found = await git("rev-parse", "--verify", `${wish || `${last.stdout.trim()}~1`}^{commit}`);
  if (found.kind === "not_run" || found.code !== 0) {
    return {
      kind: "absent",
      reason: `${wish || "the commit before"} is not in this clone (shallow?)`,
    };
  }
  return { kind: "found", commit: found.stdout.trim() };
}

/** The commit before the one that added a file: a version that does not have what the file is for. */
export async function findVersionWithout(path: string): Promise<VersionBefore> {
  const added = await git("log", "-1", "--diff-filter=A", "--format=%H", "--", path);
  const commit = added.kind === "not_run" || added.code !== 0 ? "" : added.stdout.trim();
  const found = await git("rev-parse", "--verify", `${commit}~1^{commit}`);
  if (commit === "" || found.kind === "not_run" || found.code !== 0) {
    return { kind: "absent", reason: `this clone does not say who added ${path} (shallow?)` };
  }
  return { kind: "found", commit: found.stdout.trim() };
}

/** Lays out the sources of a commit so that they run with this clone's packages; gives their root. */
export async function checkOut(commit: string): Promise<string> {
  const directory = await makeTempDir("version-before");
  const archive = join(directory, "sources.tar");
  await run("git", "archive", "--output", archive, commit, "libs", "services", "package.json");
  await run("tar", "-xf", archive, "-C", directory);
  const modules = join(directory, "node_modules");
  await mkdir(join(modules, "@ringback"), { recursive: true });
  for (const name of await readdir(join(ROOT, "node_modules"))) {
    if (name === "@ringback" || name.startsWith(".")) continue;
    await symlink(join(ROOT, "node_modules", name), join(modules, name));
  }
  // Its own libraries, not this clone's: they are what is of another version.
  for (const library of await readdir(join(directory, "libs"))) {
    await symlink(join(directory, "libs", library), join(modules, "@ringback", library));
  }
  return directory;
}

async function run(program: string, ...args: string[]): Promise<void> {
  const result = await runCommand(program, args, { timeoutMs: 60_000, cwd: ROOT });
  if (result.kind === "not_run" || result.code !== 0) {
    throw new Error(`${program} ${args.join(" ")}: ${failureOf(result)}`);
  }
}
