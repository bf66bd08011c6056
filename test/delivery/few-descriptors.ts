import { resolve } from "node:path";
import { spawnTracked, type TrackedChild } from "../harness/process/child-process.ts";
import { eventually } from "../harness/eventually.ts";
import { collectOutput, type LogLine } from "../harness/process/output-lines.ts";
import { type MetricsSnapshot, parseMetrics } from "../harness/process/prometheus-text.ts";

export interface LimitedDispatcher {
  readonly logs: readonly LogLine[];
  metrics(): Promise<MetricsSnapshot>;
  /** SIGTERM. */
  stop(): ReturnType<TrackedChild["kill"]>;
}

const ENTRY = resolve(import.meta.dirname, "../../services/dispatcher/src/main.ts");

/** A dispatcher that may have this many files and sockets open, ready. */
export async function startLimitedDispatcher(
  descriptors: number,
  env: Readonly<Record<string, string>>,
): Promise<LimitedDispatcher> {
  // The hard limit too: Node.js raises the soft one to it.
  const script = `ulimit -n ${descriptors}; exec "$0" "$1"`;
  const tracked = await spawnTracked("bash", ["-c", script, process.execPath, ENTRY], {
    env: {
      PATH: process.env["PATH"] ?? "",
      NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"] ?? "",
      ADMIN_HOST: "127.0.0.1",
      ADMIN_PORT: "0",
      ALLOW_PLAINTEXT_HEADERS: "true",
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { stdout, stderr } = tracked.child;
  if (stdout === null || stderr === null) throw new Error("no pipes");
  const output = collectOutput(stdout, stderr);
  const { admin } = await eventually(
    () => output.logs.find(({ msg }) => msg === "listening") ?? null,
    {
      timeoutMs: 20_000,
      what: "the dispatcher is ready",
      giveUpWhen: () => (tracked.exit() === null ? null : output.all()),
    },
  );
  return {
    logs: output.logs,
    metrics: async () => parseMetrics(await (await fetch(`${String(admin)}/metrics`)).text()),
    stop: () => tracked.kill("SIGTERM"),
  };
}
