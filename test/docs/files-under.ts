import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";

export const ROOT = resolve(import.meta.dirname, "../..");

/** What set-up and runs leave there; the rest is what a clone has. */
const NOT_OURS = new Set(["node_modules", ".git", ".tools", ".run", "results", "coverage"]);

/** All files below a folder of the repository, as paths from its root. */
export const filesUnder = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    if (NOT_OURS.has(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesUnder(path) : [path];
  });
