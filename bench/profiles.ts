import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { selfTimes, type CpuProfile } from "./cpu-profile.ts";
import { shown } from "./table.ts";

const SHOWN = 30;

/** What the profiles of this run say, one line for each function that took most; none without profiles. */
export const profileLines = async (
  directory: string | undefined,
  startedAt: Date,
): Promise<readonly string[]> => {
  if (directory === undefined) return [];
  const lines: string[] = [];
  for (const name of (await readdir(directory)).toSorted()) {
    const file = join(directory, name);
    if ((await stat(file)).mtimeMs < startedAt.getTime()) continue;
    const profile = JSON.parse(await readFile(file, "utf8")) as CpuProfile;
    lines.push("", `self time, ${file}`);
    for (const { place, share } of selfTimes(profile).slice(0, SHOWN)) {
      lines.push(`${shown(share * 100, "percent").padStart(8)}  ${place}`);
    }
  }
  return lines;
};
