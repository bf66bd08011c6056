import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Where the file of a projection lies. */
export type ProjectionFolder = {
  readonly file: string;
  /** Removes the folder where it was made for this process only. */
  readonly leave: () => void;
};

const FILE = "projection.sqlite";
const PREFIX = "ringback-projection-";

/**
 * The folder of the setting, kept for the next start; without a setting a temporary folder, removed at the
 * end. Removes the temporary folders of killed processes.
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

/** Without `recursive: true`, which tries for ever where the parent exists and mkdir says ENOENT, as in /proc. */
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
