import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeFolder } from "@ringback/runtime/process/make-folder";

const FILE = "projection.sqlite";
const PREFIX = "ringback-projection-";

/**
 * Makes the folder of the setting, which is kept for the next start, or a temporary one, which `leave` removes.
 * Returns the path of the projection's file in it. Removes the temporary folders of killed processes.
 */
export const openFolder = (
  setting: string | undefined,
): { readonly file: string; readonly leave: () => void } => {
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
