import { readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { backupsIn, PARTIAL, partialsIn } from "./layout.ts";

/** A run writes all the time. One that wrote nothing for this long has ended. */
const ABANDONED_AFTER_MS = 3_600_000;

/** Removes all but the newest. */
export const keepNewest = async (root: string, count: number): Promise<readonly string[]> => {
  const old = (await backupsIn(root)).slice(0, -count);
  for (const name of old) {
    const folder = join(root, name);
    // Whoever is ended amid the removal leaves nothing that counts as a backup.
    await rename(folder, `${folder}${PARTIAL}`).catch(unlessGone);
    await remove(`${folder}${PARTIAL}`);
  }
  return old;
};

/** Removes what earlier runs left when they were ended, and nothing that another run may be writing now. */
export const removeAbandoned = async (root: string, now: Date): Promise<readonly string[]> => {
  const removed: string[] = [];
  for (const name of await partialsIn(root)) {
    const folder = join(root, name);
    const touchedMs = await touchedAtMs(folder);
    if (now.getTime() - touchedMs < ABANDONED_AFTER_MS) continue;
    await remove(folder);
    removed.push(name);
  }
  return removed;
};

/** When anything in a folder was written last, in ms since 1970. */
const touchedAtMs = async (folder: string): Promise<number> => {
  try {
    const names = await readdir(folder, { recursive: true });
    const all = await Promise.all(["", ...names].map((name) => stat(join(folder, name))));
    return Math.max(...all.map(({ mtimeMs }) => mtimeMs));
  } catch (error) {
    unlessGone(error);
    // Another run removes it now.
    return Infinity;
  }
};

const remove = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true });

/** Two runs at once remove the same. */
const unlessGone = (error: unknown): void => {
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
};
