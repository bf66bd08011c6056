import { existsSync, readdirSync, readFileSync } from "node:fs";
import { eventually } from "../eventually.ts";

/**
 * Stops a process with SIGSTOP, and resolves when it stands still: on a busy machine, its threads go on
 * for a moment after the signal. Where there is no `/proc` to see it, it resolves at once.
 */
export const standStill = async (pid: number): Promise<void> => {
  process.kill(pid, "SIGSTOP");
  if (!existsSync(`/proc/${pid}/task`)) return;
  await eventually(() => threadStates(pid).every((state) => state === "T"), {
    what: `every thread of process ${pid} is stopped`,
  });
};

/** A letter for each thread: proc(5), the third field, behind a name in brackets that may hold anything. */
const threadStates = (pid: number): readonly string[] =>
  readdirSync(`/proc/${pid}/task`).map((thread) => {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2)[0] ?? "";
  });
