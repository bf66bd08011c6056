import { readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { format } from "prettier";

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

/** Throws, with what to do about it, where the file is not what the code makes of it now. */
export const requireCurrent = async <T>(
  { path, command, text }: GeneratedFile,
  parse: (text: string) => T,
): Promise<void> => {
  const stored = await readFile(join(ROOT, path), "utf8").catch(() => "null");
  // Its content, not its bytes: what it looks like is the formatter's business.
  if (JSON.stringify(parse(stored)) === JSON.stringify(parse(await text()))) return;
  throw new Error(`${path} is not what the code says: run ${command}, look at it, and commit it`);
};
