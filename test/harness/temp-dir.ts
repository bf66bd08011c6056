import { mkdtemp, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { scratchRoot } from "./process/orphan-reaper.ts";

/** A new empty directory, removed at the latest when the test process ends. */
export function makeTempDir(name: string): Promise<string> {
  return mkdtemp(join(scratchRoot(), `${name}-`));
}

/** A new file with this text in a directory of its own; gives the path. */
export async function writeTempFile(name: string, text: string): Promise<string> {
  const path = join(await makeTempDir("file"), name);
  await writeFile(path, text, { mode: 0o600 });
  return path;
}

/** Replaces a file in one step, as a secret's mount does: a reader sees the old or the new text. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const next = `${path}.next`;
  await writeFile(next, text, { mode: 0o600 });
  await rename(next, path);
}
