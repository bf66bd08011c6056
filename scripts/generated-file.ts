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
export const writeGenerated = async (file: GeneratedFile): Promise<void> => {
  const text = await formatted(file.path, await file.text());
  await writeFile(join(ROOT, file.path), text);
  console.log(`${file.path}: ${text.split("\n").length - 1} lines`);
};

const formatted = async (path: string, text: string): Promise<string> =>
  /\.(json|yaml|md)$/.test(path)
    ? format(text, { filepath: basename(path), printWidth: 100 })
    : text;

/** What to do about a file that is not what the code makes of it now; undefined for one that is. */
export const staleness = async ({ path, command, text }: GeneratedFile) => {
  const stored = await readFile(join(ROOT, path), "utf8").catch(() => "null");
  const current = await contentOf(path, await text());
  // A page is stored as the formatter has it, which takes a second for a long one.
  if (stored === current || (await contentOf(path, stored)) === current) return undefined;
  return `${path} is not what the code says: run ${command}, look at it, and commit it`;
};

/** Its content, not its bytes: the formatter decides what it looks like. */
const contentOf = async (path: string, text: string): Promise<string> => {
  if (path.endsWith(".json")) return JSON.stringify(JSON.parse(text));
  return path.endsWith(".yaml") ? JSON.stringify(parseYaml(text)) : formatted(path, text);
};
