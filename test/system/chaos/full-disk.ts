import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { open, statfs } from "node:fs/promises";
import { join } from "node:path";
import { trackOpen } from "../../harness/process/open-resources.ts";
import { makeTempDir } from "../../harness/temp-dir.ts";

export interface SmallDisk {
  readonly path: string;
  /** Takes all that is free. */
  fill(): Promise<void>;
  /** Gives it back. */
  empty(): void;
  unmount(): void;
}

/** A disk of its own in memory; throws where this user may not mount one. */
export const mountSmallDisk = async (sizeMib: number): Promise<SmallDisk> => {
  const path = await makeTempDir("small-disk");
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${sizeMib}m`, "ringback-chaos", path]);
  const unmount = (): void => {
    execFileSync("umount", ["--lazy", path]);
    closed();
  };
  const closed = trackOpen(`disk at ${path}`, unmount);
  const ballast = join(path, "ballast");
  return {
    path,
    fill: async () => {
      const { bavail, bsize } = await statfs(path);
      const file = await open(ballast, "w");
      try {
        const chunk = Buffer.alloc(bsize);
        for (let n = 0; n < bavail; n += 1) await file.write(chunk);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
      } finally {
        await file.close();
      }
    },
    empty: () => rmSync(ballast, { force: true }),
    unmount,
  };
};
