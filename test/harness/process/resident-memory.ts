import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

/** The resident set of a process in bytes: from /proc, or from `ps` where there is none. */
export async function residentBytes(pid: number): Promise<number> {
  const kib = process.platform === "linux" ? await kibFromProc(pid) : await kibFromPs(pid);
  if (!Number.isFinite(kib)) throw new Error(`process ${pid}: its memory can't be read`);
  return kib * 1_024;
}

async function kibFromProc(pid: number): Promise<number> {
  const statusText = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(statusText)?.[1]);
}

async function kibFromPs(pid: number): Promise<number> {
  const { stdout } = await promisify(execFile)("ps", ["-o", "rss=", "-p", String(pid)]);
  return Number.parseInt(stdout, 10);
}
