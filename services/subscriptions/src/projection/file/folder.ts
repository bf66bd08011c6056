import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Where the file of a projection lies. */
export type ProjectionFolder = {
  readonly file: string;
  /** Removes it where it was made for this process only. */
  readonly leave: () => void;
};

const FILE = "projection.sqlite";
const PREFIX = "ringback-projection-";

/**
 * The folder of the setting, kept for the next start; without one a temporary folder, which is removed
 * at the end. What killed processes have left there is removed at the start.
 */
export const openFolder = (setting: string | undefined): ProjectionFolder => {
  try {
    if (setting !== undefined) {
      makeFolder(setting);
      return { file: join(setting, FILE), leave: () => undefined };
    }
    removeLeftOvers();
    const folder = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
    const leave = (): void => rmSync(folder, { recursive: true, force: true });
    return { file: join(folder, FILE), leave };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`PROJECTION_DIR: no folder for the projection: ${reason}`, { cause: error });
  }
};

/** Not by `recursive: true`: that tries for ever where there is a parent and the answer is ENOENT, as in /proc. */
const makeFolder = (path: string): void => {
  const parent = dirname(path);
  if (!existsSync(parent)) makeFolder(parent);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
  }
};

const removeLeftOvers = (): void => {
  for (const name of readdirSync(tmpdir())) {
    const pid = Number(/^ringback-projection-(\d+)-/.exec(name)?.[1] ?? Number.NaN);
    if (Number.isNaN(pid) || (isRunning(pid) && pid !== process.pid)) continue;
    try {
      rmSync(join(tmpdir(), name), { recursive: true, force: true });
    } catch {
      // Another user's: theirs to remove.
    }
  }
};

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
};
