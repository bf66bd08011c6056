import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Writable } from "node:stream";

// Reads "+ <pid>" and "- <pid>"; at the end of its input, which comes even when this process was
// killed with SIGKILL, it kills the pids that are left and removes the scratch directory.
const REAPER_SCRIPT = `
pids=" "
while read -r op pid; do
  case "$op" in
    +) pids="$pids$pid " ;;
    -) case "$pids" in *" $pid "*) pids="\${pids%% $pid *} \${pids#* $pid }" ;; esac ;;
  esac
done
for pid in $pids; do kill -9 "$pid" 2>/dev/null; done
rm -rf -- "$1" 2>/dev/null || { sleep 1; rm -rf -- "$1"; }
`;

interface Reaper {
  readonly scratchRoot: string;
  readonly input: Writable;
}

let reaper: Reaper | undefined;

/** The directory for everything this process writes; removed when this process ends, however. */
export function scratchRoot(): string {
  return theReaper().scratchRoot;
}

/** Has the child killed when this process ends before it, even by SIGKILL. */
export function reapWithUs(child: ChildProcess): void {
  if (child.pid === undefined) return;
  const { pid } = child;
  const { input } = theReaper();
  input.write(`+ ${pid}\n`);
  child.once("exit", () => input.write(`- ${pid}\n`));
}

function theReaper(): Reaper {
  reaper ??= startReaper();
  return reaper;
}

function startReaper(): Reaper {
  const root = mkdtempSync(join(tmpdir(), "ringback-test-"));
  // Detached: Ctrl-C reaches the whole process group, and this one must outlive the others.
  const shell = spawn("sh", ["-c", REAPER_SCRIPT, "sh", root], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  const { stdin } = shell;
  // A reaper that could not start or was killed must not fail the tests it only tidies up after.
  shell.on("error", () => {});
  stdin.on("error", () => {});
  shell.unref();
  if ("unref" in stdin && typeof stdin.unref === "function") stdin.unref();
  return { scratchRoot: root, input: stdin };
}
