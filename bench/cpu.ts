import { readFileSync } from "node:fs";

/** What Linux counts processor time in, for programs (`getconf CLK_TCK`). */
const TICKS_PER_SECOND = 100;

/** Seconds of CPU that a process has used so far, in user mode and in the kernel. */
export const cpuSeconds = (pid: number): number => {
  const [user, system] = fieldsAfterName(pid).slice(11, 13);
  return (Number(user) + Number(system)) / TICKS_PER_SECOND;
};

/** The same of this process and all its children that have ended and been waited for. */
export const ownCpuSeconds = (): number =>
  fieldsAfterName("self")
    .slice(11, 15)
    .reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_PER_SECOND;

/** Seconds of CPU that all processes together have used, and what a hypervisor took away. */
export const machineCpuSeconds = (): number => {
  const line = readFileSync("/proc/stat", "utf8").split("\n")[0] ?? "";
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND;
};

/** The resident memory of a process in MiB. */
export const residentMib = (pid: number): number => {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1_024;
};

/** The fields of /proc/<pid>/stat behind the name, which may hold spaces; the first is the state. */
const fieldsAfterName = (pid: number | "self"): string[] => {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
};
