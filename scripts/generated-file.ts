import { readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { format } from "prettier";
import { parse as parseYaml } from "yaml";

const ROOT = join(import.meta.dirname, "..");

/** A file of the repository that is made from the code, and the command that makes it. */
export type GeneratedFile = {
  readonly path: string;
  readonly command: string;
  readonly text: () => Promise<string>;
};

/** Writes it as the formatter would have it, and says so. */
export const writeGenerated = async ({ path, text }: GeneratedFile): Promise<void> => {
  const formatted = await format(await text(), { filepath: basename(path), printWidth: 100 });
  await writeFile(join(ROOT, path), formatted);
  console.log(`${path}: ${formatted.split("\n").length - 1} lines`);
};

/** What to do about a file that is not what the code makes of it now; undefined for one that is. */
export const staleness = async ({ path, command, text }: GeneratedFile) => {
  const stored = await readFile(join(ROOT, path), "utf8").catch(() => "null");
  // Its content, not its bytes: what it looks like is the formatter's business.
  const content = (of: string): string =>
    JSON.stringify(path.endsWith(".json") ? JSON.parse(of) : parseYaml(of));
  if (content(stored) === content(await text())) return undefined;
  return `${path} is not what the code says: run ${command}, look at it, and commit it`;
};
